import { examine } from './row.js';

const [name = '', path = '', mode] = process.argv.slice(2);
console.log(JSON.stringify(await examine(name, path, mode === 'run')));
