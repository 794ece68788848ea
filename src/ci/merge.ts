import { readFileSync } from 'node:fs';
import { reasonOf, refuse } from '../diagnostics/index.js';
import type { CiConfig } from './config.js';
import { type CiResult, ciResult, ciResultSchema, type ModelResult } from './result.js';

/**
 * Joins the results of shards into one, in the order of the configuration.
 * @throws Refusal BWC332 when a file is no result, or the shards together are not the models of the configuration
 */
export function mergeResults(config: CiConfig, files: readonly string[]): CiResult {
  const found = new Map<string, ModelResult>();
  const compilers = new Set<string>();
  for (const path of files) {
    const result = readResult(path);
    compilers.add(result.compiler);
    for (const model of result.models) {
      if (found.has(model.name))
        refuse('BWC332', { path, reason: `${model.name} is in another shard as well` });
      found.set(model.name, model);
    }
  }
  const models = config.models.map(({ name }) => {
    const model = found.get(name);
    if (model === undefined)
      return refuse('BWC332', { path: files.join(', '), reason: `no shard holds ${name}` });
    found.delete(name);
    return model;
  });
  const [extra] = found.keys();
  if (extra !== undefined)
    refuse('BWC332', { path: files.join(', '), reason: `the configuration has no ${extra}` });
  if (compilers.size > 1) {
    refuse('BWC332', { path: files.join(', '), reason: `made by ${[...compilers].join(' and ')}` });
  }
  return ciResult([...compilers][0] ?? '', models);
}

function readResult(path: string): CiResult {
  try {
    return ciResultSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    return refuse('BWC332', { path, reason: `not what bwc ci writes: ${reasonOf(cause)}` }, undefined, cause);
  }
}
