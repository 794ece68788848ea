export { type BenchShown, benchSchema, type Frame } from './bench.js';
export { type Page, reportPage } from './page.js';
