/** One compilation with the time of each phase, as JSON on stdout; a process of its own, so that nothing is warm. */

import { performance } from 'node:perf_hooks';
import { analyse } from '../src/blocks/index.js';
import { compile } from '../src/compile.js';
import { readModel, writeModel } from '../src/onnx/index.js';

const [path = ''] = process.argv.slice(2);
const phases: Record<string, number> = {};
let last = performance.now();
const lap = (name: string): number => {
  const now = performance.now();
  const took = now - last;
  phases[name] = took;
  last = now;
  return took;
};

const model = readModel(path);
const read = lap('read');
// By itself; `compile` analyses again.
analyse(model);
lap('analyse');
compile(model, { steps: 30 });
const compiled = lap('compile');
await writeModel(model, `${path}.out`);
phases['total'] = read + compiled + lap('write');
process.stdout.write(JSON.stringify(phases));
