import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METHODS, type Method } from '../../src/methods/index.js';
import { methodFacts, settingsText } from '../../src/report/methods.js';

/** Set to write the tables anew. */
const UPDATE = process.env['BWC_UPDATE'] !== undefined;

const FOLDER = new URL('../../docs/methods/', import.meta.url);
const BETWEEN = /(?<=<!-- options -->\n)[\s\S]*?(?=<!-- \/options -->)/;

/** The options, and the presets where there are any, as Markdown tables. */
function optionTables(method: Method): string {
  const { options, presets } = methodFacts(method);
  const cell = (value: unknown): string => String(value).replaceAll('|', '\\|');
  const rows = options.map(o => [
    `\`${o.name}\``,
    o.default === null || o.default === '' || (Array.isArray(o.default) && o.default.length === 0)
      ? ''
      : `\`${cell(o.default)}\``,
    cell(o.accepts),
    cell(o.description),
  ]);
  const described = markdown(['option', 'default', 'accepts', 'what it does'], rows);
  const published = Object.entries(presets).map(([model, settings]) => [
    `\`${model}\``,
    `\`${settingsText(settings)}\``,
  ]);
  return published.length === 0
    ? described
    : `${described.trimEnd()}\n${markdown(['`--preset`', 'published settings'], published)}`;
}

function markdown(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => '---'), ...rows];
  return `\n${lines.map(line => `| ${line.join(' | ')} |\n`).join('')}\n`;
}

describe('pages of methods', () => {
  it.each(METHODS)('$name says what its options are', method => {
    const file = new URL(`${method.name}.md`, FOLDER);
    const page = readFileSync(file, 'utf8');
    const table = optionTables(method);
    if (UPDATE)
      writeFileSync(
        file,
        page.replace(BETWEEN, () => table),
      );
    expect(readFileSync(file, 'utf8').match(BETWEEN)?.[0]).toBe(table);
  });

  it.each(METHODS)('$name says what it does, keeps and costs', method => {
    const page = readFileSync(new URL(`${method.name}.md`, FOLDER), 'utf8');
    expect(page.startsWith(`# ${method.name}\n`)).toBe(true);
    for (const part of ['Rule', 'Reuse', 'State', 'Cost']) expect(page).toContain(`\n**${part}.** `);
    expect(page.includes('needs a [calibration]')).toBe(
      method.calibration === 'required' || method.name === 'magcache',
    );
    const id = /arXiv [\d.]+\d/.exec(method.source)?.[0];
    if (id !== undefined) expect(page).toContain(id);
  });

  it('are of methods that there are', () => {
    const pages = readdirSync(FOLDER).map(file => file.replace(/\.md$/, ''));
    expect(pages.sort()).toEqual(METHODS.map(m => m.name).sort());
  });
});
