import type { Command } from '@commander-js/extra-typings';
import type { Method } from '../src/methods/index.js';
import { HELP } from './options.js';
import type { Outcome, Perform } from './outcome.js';

export function addMethods(program: Command, perform: Perform): void {
  program
    .command('methods')
    .description('list the caching methods, or explain one and its options')
    .argument('[name]', 'a method')
    .option('--json', HELP.json)
    .action(name => perform(() => describe(name)));
}

async function named(name: string): Promise<Method> {
  const [{ findMethod }, { methodNamed }] = await Promise.all([
    import('../src/methods/index.js'),
    import('./method-options.js'),
  ]);
  const method = await methodNamed(name);
  return typeof method === 'object' ? method : findMethod(name);
}

async function describe(name: string | undefined): Promise<Outcome> {
  const [{ METHODS }, { methodFacts, methodListText, methodText }] = await Promise.all([
    import('../src/methods/index.js'),
    import('../src/report/methods.js'),
  ]);
  const methods = (name === undefined ? METHODS : [await named(name)]).map(methodFacts);
  return {
    ok: true,
    text: screen =>
      name === undefined
        ? methodListText(methods, screen)
        : methods.map(m => methodText(m, screen)).join('\n'),
    json: { methods },
    diagnostics: [],
  };
}
