import type { Graph } from '../../graph.js';
import type { Dim, ValueType } from '../../types.js';
import { sameDim } from '../dims.js';
import { unionOf } from '../shapes.js';
import { axisOf, type Output, type Rule, type Rules, type Site, tensor } from '../site.js';

function returned(at: Site, graph: Graph): readonly Output[] {
  return graph.outputs.map(value => at.facts.typeOf(value));
}

/** What is true of both branches, or of the one that a known condition takes. */
const branch: Rule = at => {
  const yes = at.node.subgraph('then_branch');
  const no = at.node.subgraph('else_branch');
  if (yes === undefined || no === undefined) return [];
  at.facts.enter(yes, []);
  at.facts.enter(no, []);
  const [condition] = at.numbers(0) ?? [];
  if (condition !== undefined) return returned(at, condition === 0 ? no : yes);
  const other = returned(at, no);
  return returned(at, yes).map((type, i) => unionOf([type, other[i]]));
};

/** Rounds after which a carried type that still changes keeps its element type only. */
const MAX_ROUNDS = 3;

/**
 * Infers a body until the types of its carried values no longer change: a first assumption, the initial types,
 * is weakened to what is true before and after each round.
 */
function settle(
  at: Site,
  body: Graph,
  initial: readonly Output[],
  before: readonly Output[],
  after: readonly Output[],
  skip: number,
): readonly Output[] {
  let carried = initial;
  for (let round = 0; ; round++) {
    at.facts.enter(body, [...before, ...carried, ...after]);
    const out = returned(at, body).slice(skip, skip + carried.length);
    const next = carried.map((type, i) => unionOf([type, out[i]]));
    if (next.every((type, i) => sameType(type, carried[i]))) return next;
    carried = round < MAX_ROUNDS ? next : next.map(weakest);
    if (round > MAX_ROUNDS + 1) return next.map(() => undefined);
  }
}

function weakest(type: Output): Output {
  return type?.kind === 'tensor' ? tensor(type.elem, undefined) : undefined;
}

function sameType(a: ValueType | undefined, b: ValueType | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.kind === 'tensor' && b.kind === 'tensor') {
    const same = (d: Dim, i: number): boolean => d === b.shape?.[i] || sameDim(d, b.shape?.[i]);
    return a.elem === b.elem && a.shape?.length === b.shape?.length && (a.shape?.every(same) ?? true);
  }
  if ((a.kind === 'sequence' || a.kind === 'optional') && a.kind === b.kind) return sameType(a.of, b.of);
  return a.kind === b.kind;
}

/** Inputs: trip count, condition, carried values. Body: iteration, condition, carried → condition, carried, scanned. */
const loop: Rule = at => {
  const body = at.node.subgraph('body');
  if (body === undefined) return [];
  const initial = at.node.inputs.slice(2).map((_, i) => at.type(i + 2));
  const scalars = [tensor('int64', []), tensor('bool', [])];
  const carried = settle(at, body, initial, scalars, [], 1);
  const scanned = returned(at, body).slice(1 + carried.length);
  return [...carried, ...scanned.map(type => stacked(type, 0, tripCount(at, body)))];
};

/** The number of iterations when nothing can end the loop early. */
function tripCount(at: Site, body: Graph): Dim {
  const [again] = body.outputs;
  const stays = again !== undefined && (again === body.inputs[1] || at.facts.dataOf(again)?.[0] === 1);
  const starts = !at.has(1) || at.data(1)?.[0] === 1;
  return stays && starts && at.has(0) ? at.data(0)?.[0] : undefined;
}

function stacked(type: Output, axis: number, count: Dim): Output {
  if (type?.kind !== 'tensor') return undefined;
  const at = type.shape && axisOf(axis, type.shape.length + 1);
  return tensor(type.elem, at === undefined ? undefined : type.shape?.toSpliced(at, 0, count));
}

/** State values pass through as in `Loop`; scanned inputs lose an axis, scanned outputs gain one (spec: `Scan`, 9). */
const scan: Rule = at => {
  const body = at.node.subgraph('body');
  if (body === undefined || at.opset < 9) return [];
  const scannedInputs = Math.min(Math.max(at.node.int('num_scan_inputs', 0), 0), at.count);
  const states = at.count - scannedInputs;
  const axes = at.node.ints('scan_input_axes');
  let length: Dim;
  const slices = Array.from({ length: scannedInputs }, (_, i): Output => {
    const type = at.tensor(states + i);
    const axis = type?.shape && axisOf(axes?.[i] ?? 0, type.shape.length);
    if (type?.shape === undefined || axis === undefined) return type && tensor(type.elem, undefined);
    const dim = type.shape[axis];
    length = typeof length === 'number' ? length : (dim ?? length);
    return tensor(type.elem, type.shape.toSpliced(axis, 1));
  });
  const initial = Array.from({ length: states }, (_, i) => at.type(i));
  const carried = settle(at, body, initial, [], slices, 0);
  const outputAxes = at.node.ints('scan_output_axes');
  const outputs = returned(at, body).slice(states);
  return [...carried, ...outputs.map((type, i) => stacked(type, outputAxes?.[i] ?? 0, length))];
};

export const control: Rules = { If: branch, Loop: loop, Scan: scan };
