import { relative, resolve } from 'node:path';
import { Project, type SourceFile, SyntaxKind } from 'ts-morph';
import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../src/diagnostics/index.js';
import { METHODS } from '../../src/methods/index.js';

/** What each part of the program may import; parts of `src/` go by their folder or file. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  diagnostics: [],
  ir: ['diagnostics'],
  onnx: ['ir', 'diagnostics'],
  blocks: ['ir', 'diagnostics'],
  methods: ['ir', 'diagnostics'],
  plan: ['blocks', 'methods', 'ir', 'diagnostics'],
  passes: ['plan', 'blocks', 'methods', 'ir', 'diagnostics'],
  compile: ['passes', 'plan', 'onnx', 'blocks', 'methods', 'ir', 'diagnostics'],
  calibrate: ['compile', 'runtime', 'passes', 'plan', 'onnx', 'blocks', 'methods', 'ir', 'diagnostics'],
  clients: ['plan', 'ir', 'diagnostics'],
  serve: ['compile', 'onnx', 'plan', 'ir', 'diagnostics'],
  runtime: ['compile', 'passes', 'plan', 'onnx', 'blocks', 'methods', 'ir', 'diagnostics'],
  ci: ['report', 'runtime', 'plan', 'onnx', 'diagnostics'],
  report: ['runtime', 'compile', 'passes', 'plan', 'onnx', 'blocks', 'methods', 'ir', 'diagnostics'],
};

const ROOT = resolve(import.meta.dirname, '../..');
const project = new Project({ skipAddingFilesFromTsConfig: true });
project.addSourceFilesAtPaths([`${ROOT}/src/**/*.ts`, `${ROOT}/cli/**/*.ts`]);
const files = project.getSourceFiles();

const pathOf = (file: SourceFile): string => relative(ROOT, file.getFilePath());

/** `ir` for src/ir/..., `compile` for src/compile.ts, `cli` for cli/... */
function partOf(path: string): string {
  const [top = '', second = ''] = path.split('/');
  return top === 'src' ? second.replace(/\.[jt]s$/, '') : top;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

/** Modules that a file names in imports, re-exports, `import()` and `import()` types. */
function modules(file: SourceFile): string[] {
  const declared = [...file.getImportDeclarations(), ...file.getExportDeclarations()];
  const calls = file
    .getDescendantsOfKind(SyntaxKind.CallExpression)
    .filter(call => call.getExpression().getKind() === SyntaxKind.ImportKeyword)
    .map(call => call.getArguments()[0]?.asKind(SyntaxKind.StringLiteral)?.getLiteralValue());
  const types = file
    .getDescendantsOfKind(SyntaxKind.ImportType)
    .map(type => /['"](.*)['"]/.exec(type.getArgument().getText())?.[1]);
  return [...declared.map(d => d.getModuleSpecifierValue()), ...calls, ...types].filter(m => m !== undefined);
}

const relativeImports = files.flatMap(file =>
  modules(file)
    .filter(name => name.startsWith('.'))
    .map(
      (name): Import => ({ from: pathOf(file), to: relative(ROOT, resolve(file.getDirectoryPath(), name)) }),
    ),
);

describe('imports', () => {
  it('are seen at all', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(relativeImports.length).toBeGreaterThan(300);
    expect(files.flatMap(modules)).toContain('onnxruntime-node');
  });

  it('between parts of src point one way', () => {
    const wrong = relativeImports.filter(({ from, to }) => {
      const [here, there] = [partOf(from), partOf(to)];
      if (here === 'cli' || here === 'index' || here === there) return false;
      return !MAY_IMPORT[here]?.includes(there);
    });
    expect(wrong).toEqual([]);
  });

  it('leave nobody out: every part has its place', () => {
    const parts = new Set(files.map(file => partOf(pathOf(file))));
    for (const known of ['cli', 'index']) parts.delete(known);
    expect([...parts].filter(part => !(part in MAY_IMPORT))).toEqual([]);
  });

  it('never reach from src into the command line, a script or a test', () => {
    expect(
      relativeImports.filter(({ from, to }) => from.startsWith('src/') && !to.startsWith('src')),
    ).toEqual([]);
  });

  it.each([
    ['protobufjs', 'onnx'],
    ['onnxruntime-node', 'runtime'],
    ['commander', 'cli'],
    ['@commander-js/extra-typings', 'cli'],
  ])('take %s in one part only: %s', (name, part) => {
    const users = files.filter(file => modules(file).some(m => m === name || m.startsWith(`${name}/`)));
    expect(users.map(pathOf).filter(path => partOf(path) !== part)).toEqual([]);
  });
});

describe('the process', () => {
  it('is seen only by the command line', () => {
    const users = files.filter(file => {
      const named = file.getDescendantsOfKind(SyntaxKind.Identifier).some(id => {
        const parent = id.getParent();
        const isMember = parent.asKind(SyntaxKind.PropertyAccessExpression)?.getNameNode() === id;
        return id.getText() === 'process' && !isMember;
      });
      return named || modules(file).includes('node:process');
    });
    expect(users.length).toBeGreaterThan(0);
    expect(users.map(pathOf).filter(path => partOf(path) !== 'cli')).toEqual([]);
  });
});

describe('methods', () => {
  it('are named by no pass, plan or analysis', () => {
    const blind = new Set(['passes', 'plan', 'blocks', 'ir', 'onnx']);
    const told = files
      .filter(file => blind.has(partOf(pathOf(file))))
      .filter(file => METHODS.some(({ name }) => new RegExp(`\\b${name}\\b`).test(file.getFullText())));
    expect(told.map(pathOf)).toEqual([]);
  });
});

describe('diagnostics', () => {
  const catalogue = 'src/diagnostics/catalogue.ts';
  const used = new Set(
    files
      .filter(file => pathOf(file) !== catalogue)
      .flatMap(file => file.getDescendantsOfKind(SyntaxKind.StringLiteral))
      .map(literal => literal.getLiteralValue())
      .filter(text => /^BWC\d{3}$/.test(text)),
  );

  it('that are given are in the catalogue, and all of the catalogue is given', () => {
    expect([...used].sort()).toEqual(Object.keys(CATALOGUE).sort());
  });

  it('that comments mention are in the catalogue', () => {
    const mentioned = files.flatMap(file => file.getFullText().match(/\bBWC\d{3}\b/g) ?? []);
    expect(mentioned.filter(code => !(code in CATALOGUE))).toEqual([]);
  });
});
