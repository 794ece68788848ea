import { type FunctionDef, Graph, type Model } from '../../ir/index.js';
import { type Change, compareGraphs, type GraphDiff, maps } from './compare.js';
import { Contents, type ModelPath, referenceOf } from './contents.js';
import { match } from './match.js';
import { attributeText } from './render.js';
import { sideOf, weightsOf } from './side.js';
import { attributeKey, Interner, Signatures } from './signature.js';

/** A model to compare, and the file it was read from. */
export interface Compared {
  readonly model: Model;
  readonly path?: string;
}

export interface DiffOptions {
  /** Reads every byte of every weight, however large; else those of more than 16 MiB are compared by samples. */
  readonly allBytes?: boolean;
}

export interface FunctionDiff {
  readonly name: string;
  readonly kind: 'added' | 'removed' | 'changed';
  readonly changes: readonly Change[];
  /** How the bodies differ; absent for an added or removed function. */
  readonly body?: GraphDiff;
}

/** How two models differ. */
export interface ModelDiff {
  readonly a: Compared;
  readonly b: Compared;
  /** Opsets, producer, metadata and the like. */
  readonly fields: readonly Change[];
  readonly main: GraphDiff;
  readonly functions: readonly FunctionDiff[];
  /** Weights of which only samples were compared, and those whose file is missing. */
  readonly sampled: number;
  readonly missing: number;
}

/** Compares two graphs, of which the opsets of the standard domain are given. */
type Between = (x: Graph, y: Graph, opsets: readonly [number | undefined, number | undefined]) => GraphDiff;

/** Compares two models. Names of nodes and values make no difference; everything else does. */
export function diffModels(a: Compared, b: Compared, options: DiffOptions = {}): ModelDiff {
  const contents = new Contents(options.allBytes ?? false, sharedReferences(a, b));
  const interner = new Interner();
  const between: Between = (x, y, [before, after]) => {
    const [left, right] = [sideOf(x, a.path, before), sideOf(y, b.path, after)];
    const signatures = new Signatures(contents, interner);
    return compareGraphs(left, right, match(left, right, signatures), signatures);
  };
  const main = between(a.model.graph, b.model.graph, [a.model.opset, b.model.opset]);
  const functions = functionDiffs(a, b, contents, between);
  const fields = fieldChanges(a.model, b.model);
  return { a, b, fields, main, functions, sampled: contents.sampled, missing: contents.missing };
}

/** True when two models differ in nothing but names and remarks. */
export function isEmpty({ fields, main, functions }: ModelDiff): boolean {
  return fields.length === 0 && functions.length === 0 && isSame(main);
}

function isSame({ nodes, weights, graphs }: GraphDiff): boolean {
  return nodes.length === 0 && weights.length === 0 && graphs.length === 0;
}

function fieldChanges(a: Model, b: Model): Change[] {
  const changes: Change[] = [];
  const add = (what: string, before: string | number, after: string | number): void => {
    if (before !== after)
      changes.push({ what, before: String(before) || null, after: String(after) || null });
  };
  add('ir version', a.irVersion, b.irVersion);
  changes.push(...maps('opset', withStandard(a.opsets), withStandard(b.opsets)));
  add('producer', producerOf(a), producerOf(b));
  add('domain', a.domain, b.domain);
  add('model version', String(a.modelVersion), String(b.modelVersion));
  add('documentation', a.docString, b.docString);
  changes.push(...maps('metadata', a.metadata, b.metadata));
  return changes;
}

/** The standard domain has two names. */
function withStandard(opsets: ReadonlyMap<string, number>): Map<string, number> {
  return new Map([...opsets].map(([domain, version]) => [domain || 'ai.onnx', version]));
}

function producerOf({ producerName, producerVersion }: Model): string {
  return [producerName, producerVersion].filter(text => text !== '').join(' ');
}

function functionDiffs(a: Compared, b: Compared, contents: Contents, between: Between): FunctionDiff[] {
  const found: FunctionDiff[] = [];
  const [before, after] = [keyed(a.model), keyed(b.model)];
  for (const [name, x] of before) {
    const y = after.get(name);
    if (y === undefined) {
      found.push({ name, kind: 'removed', changes: [] });
      continue;
    }
    const empty = sideOf(new Graph(''), undefined);
    const defaults = (f: FunctionDef): Map<string, string> =>
      new Map(
        [...f.defaults.values()].map(d => [
          d.name,
          `${attributeKey(d, empty, contents)} ${attributeText(d)}`,
        ]),
      );
    const changes = [
      ...maps('opset', withStandard(x.opsets), withStandard(y.opsets)),
      ...maps('default of', defaults(x), defaults(y)),
    ];
    const opsets = [x, y].map(f => f.opsets.get('')) as [number | undefined, number | undefined];
    const body = between(x.body(), y.body(), opsets);
    if (changes.length > 0 || !isSame(body)) found.push({ name, kind: 'changed', changes, body });
  }
  for (const name of after.keys()) if (!before.has(name)) found.push({ name, kind: 'added', changes: [] });
  return found;
}

export function functionKey({
  domain,
  name,
  overload,
}: Pick<FunctionDef, 'domain' | 'name' | 'overload'>): string {
  return [domain, name, ...(overload ? [overload] : [])].join('::');
}

function keyed(model: Model): Map<string, FunctionDef> {
  return new Map(model.functions.map(f => [functionKey(f), f]));
}

/** Places of external data that both models name: there the bytes need not be read. */
function sharedReferences(a: Compared, b: Compared): Set<string> {
  const references = ({ model, path }: Compared): Set<string> => {
    const found = new Set<string>();
    for (const { external } of weightsOf(model))
      if (external) found.add(referenceOf(external, path as ModelPath));
    return found;
  };
  const others = references(b);
  return new Set([...references(a)].filter(r => others.has(r)));
}
