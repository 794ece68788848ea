import type { CiResult, ModelResult } from './result.js';

/** The result as JUnit XML, which most CI servers show: a suite for each model, a case for each check and gate. */
export function junitXml(result: CiResult): string {
  const suites = result.models.map(model => ({ model, cases: casesOf(model) }));
  const all = suites.flatMap(({ cases }) => cases);
  const body = suites.map(
    ({ model, cases }) =>
      `  <testsuite${attributes({ name: model.name, ...counts(cases) })}>\n${cases.map(caseXml).join('')}  </testsuite>\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites${attributes({ name: 'bwc ci', ...counts(all) })}>\n${body.join('')}</testsuites>\n`;
}

interface Case {
  readonly suite: string;
  readonly name: string;
  readonly failure: string | undefined;
}

function casesOf({ name: suite, refused, checks, gates }: ModelResult): Case[] {
  return [
    {
      suite,
      name: 'compiles and runs',
      failure: refused === null ? undefined : `${refused.code}: ${refused.message}`,
    },
    ...checks.map(({ name, ok, detail }) => ({
      suite,
      name: `verify: ${name}`,
      failure: ok ? undefined : detail,
    })),
    ...gates.map(({ gate, ok, limit, found }) => ({
      suite,
      name: `gate: ${gate}`,
      failure: ok ? undefined : `${found}, must be ${limit}`,
    })),
  ];
}

const counts = (cases: readonly Case[]): Record<string, string> => ({
  tests: String(cases.length),
  failures: String(cases.filter(c => c.failure !== undefined).length),
});

function caseXml({ suite, name, failure }: Case): string {
  const open = `    <testcase${attributes({ classname: suite, name })}`;
  if (failure === undefined) return `${open}/>\n`;
  return `${open}>\n      <failure${attributes({ message: failure })}/>\n    </testcase>\n`;
}

function attributes(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${escaped(value)}"`)
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text of an attribute; what XML 1.0 has no character for is left out. */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"]/g, c => ENTITIES[c] ?? c)
    .replaceAll(/\s/g, ' ')
    .replaceAll(/[^\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '');
}
