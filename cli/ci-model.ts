import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readCalibration } from '../src/calibrate/file.js';
import {
  type CiConfig,
  type CiModel,
  changesBetween,
  gatesOf,
  type ModelResult,
  passGates,
} from '../src/ci/index.js';
import { compile } from '../src/compile.js';
import { Refusal, reasonOf, refuse } from '../src/diagnostics/index.js';
import { allNodes, type Model } from '../src/ir/index.js';
import { readModel } from '../src/onnx/index.js';
import type { Manifest } from '../src/plan/index.js';
import { benchCompiled, loadProfile, parseManifest, verifyCompiled } from '../src/runtime/index.js';
import { checkOutputs, checkWeights } from './files.js';
import { formOf } from './form.js';
import { methodNamed } from './method-options.js';
import type { Progress } from './outcome.js';
import { processorClock } from './processor-time.js';
import { reportFile } from './report.js';
import { restModel } from './rest.js';

const NOTHING: Omit<ModelResult, 'name'> = {
  ok: false,
  refused: null,
  output: null,
  method: null,
  steps: null,
  addedNodes: null,
  addedOps: [],
  stateBytes: null,
  checks: [],
  bench: null,
  gates: [],
  changes: null,
};

/** Compiles one model of a pipeline, runs it and holds it against its gates. What is refused fails, and does not throw. */
export async function checkModel(config: CiConfig, model: CiModel, progress: Progress): Promise<ModelResult> {
  const say = (text: string): void => progress(`${model.name}: ${text} …`);
  let result: ModelResult = { name: model.name, ...NOTHING };
  try {
    const before = model.previous === undefined ? undefined : readManifest(model.previous);
    say('compiling');
    const { manifest, output, addedOps } = await compileModel(config, model);
    const change = before && changesBetween(before, manifest);
    result = {
      ...result,
      output,
      method: manifest.method,
      steps: manifest.steps,
      addedNodes: manifest.cost.addedNodes,
      addedOps,
      stateBytes: stateBytes(manifest),
      changes: change?.changes ?? null,
    };
    if (model.profile !== undefined) {
      const run = await runModel(config, model, output, manifest, say);
      result = { ...result, ...run, stateBytes: result.stateBytes ?? run.stateBytes };
    }
    if (config.report) {
      const html = join(config.output, `${model.name}.html`);
      await reportFile(model.model, output, { html, frame: [] }, say);
    }
    const gates = passGates(gatesOf(config, model), { ...result, seen: change?.seen });
    return { ...result, gates, ok: [...result.checks, ...gates].every(check => check.ok) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.diagnostic.kind === 'bug') throw error;
    return { ...result, ok: false, refused: error.diagnostic };
  }
}

async function compileModel(
  config: CiConfig,
  entry: CiModel,
): Promise<{ manifest: Manifest; output: string; addedOps: string[] }> {
  const form = formOf(
    entry.emit ?? 'onnx',
    entry.model,
    entry.output ?? join(config.output, `${entry.name}.onnx`),
  );
  checkOutputs(entry.model, form.outputs);
  const before = operators(readModel(entry.model));
  const model = readModel(entry.model);
  await checkWeights(model, entry.model, form.outputs, { weights: entry.weights });
  const { calibration } = entry;
  const compiled = compile(model, {
    ...entry,
    method: await methodNamed(entry.method),
    calibration: calibration === undefined ? undefined : readCalibration(calibration),
  });
  const { output, manifest } = await form.write(compiled, { weights: entry.weights });
  const models = compiled.split ? [compiled.split.compute, compiled.split.reuse] : [compiled.model];
  const after = new Set(models.flatMap(each => [...operators(each)]));
  return { manifest, output, addedOps: [...after].filter(op => !before.has(op)).sort() };
}

/** Operators of a model, branches included; those of other domains with their domain. */
function operators(model: Model): Set<string> {
  const names = new Set<string>();
  for (const node of allNodes(model.graph)) {
    names.add(node.domain === '' ? node.opType : `${node.domain}.${node.opType}`);
  }
  return names;
}

function stateBytes(manifest: Manifest): number | null {
  let sum = 0;
  for (const { bytes } of manifest.state) {
    if (bytes === null) return null;
    sum += bytes;
  }
  return sum;
}

async function runModel(
  config: CiConfig,
  entry: CiModel,
  output: string,
  manifest: Manifest,
  say: (text: string) => void,
): Promise<Pick<ModelResult, 'checks' | 'bench' | 'stateBytes'>> {
  const profile = loadProfile(entry.profile ?? '');
  say('verifying');
  const { checks } = await verifyCompiled(entry.model, output, profile);
  const rest = restModel(entry.model, manifest);
  say('benching');
  const settings = Object.entries(entry.bench ?? config.bench).filter(([, value]) => value !== undefined);
  const bench = await benchCompiled(entry.model, output, profile, {
    ...Object.fromEntries(settings),
    ...(rest !== undefined && { rest }),
    ...processorClock(Object.fromEntries(settings)),
    onRound: (done, all) => say(`benching, generation ${done} of ${all}`),
  });
  const { speedup, bound, efficiency, psnr, ssim, steps, computed } = bench;
  return {
    checks: [...checks],
    bench: { speedup, bound, efficiency, psnr: Number.isFinite(psnr) ? psnr : null, ssim, steps, computed },
    stateBytes: bench.stateBytes,
  };
}

function readManifest(path: string): Manifest {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    return refuse('BWC101', { path, reason: reasonOf(error) }, undefined, error);
  }
  return parseManifest(text, path);
}
