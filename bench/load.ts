/** Loads one model in a process of its own; prints the time it took and the memory it holds, as JSON. */

import { performance } from 'node:perf_hooks';
import { OpenModel } from '../src/runtime/index.js';
import { THREADS } from './sessions.js';

const [path = ''] = process.argv.slice(2);
// The library itself is loaded before the clock starts.
await import('onnxruntime-node');
const before = process.memoryUsage.rss();
const start = performance.now();
const model = await OpenModel.open(path, { threads: THREADS });
const ms = performance.now() - start;
process.stdout.write(JSON.stringify({ ms, mib: (process.memoryUsage.rss() - before) / 2 ** 20 }));
await model.close();
