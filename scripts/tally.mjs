// Prints `N passed, N failed` from the report of vitest's json reporter. A run that failed without a failed test
// (a file that does not load, an error outside of tests, a check before the tests) counts as one failure.
import { existsSync, readFileSync } from 'node:fs';

const [path = '', code = '1'] = process.argv.slice(2);
const report = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8') || '{}') : {};
const files = report.testResults ?? [];
const broken = files.filter(
  f => f.status === 'failed' && !f.assertionResults.some(t => t.status === 'failed'),
);
const failed = (report.numFailedTests ?? 0) + broken.length;
const skipped = (report.numPendingTests ?? 0) + (report.numTodoTests ?? 0);
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${report.numPassedTests ?? 0} passed, ${failed === 0 && code !== '0' ? 1 : failed} failed`);
