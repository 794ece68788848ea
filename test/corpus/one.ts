import { examine } from './row.js';

/** Examines the rows named in the arguments, `name path` each, and prints a line of JSON for each when it is done. */
const [mode, ...rest] = process.argv.slice(2);
for (let i = 0; i + 1 < rest.length; i += 2) {
  console.log(JSON.stringify(await examine(rest[i] ?? '', rest[i + 1] ?? '', mode === 'run')));
}
