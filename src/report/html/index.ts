export { type BenchShown, benchSchema, type Frame } from './bench.js';
export { type Page, type ReportChart, reportPage } from './page.js';
