import { type Analysis, analyse, type Block } from '../blocks/index.js';
import { refuse } from '../diagnostics/index.js';
import { Builder, int, type Model, type Node, type Shape, tensorType, type Value } from '../ir/index.js';
import { flopsOf, type Inferred, inferTypes } from '../ir/infer/index.js';
import { prepare } from '../passes/index.js';
import type { ProfileData } from '../runtime/profile.js';
import { roleNames } from '../runtime/profile.js';
import { blockEnds, type StreamEnds, stackEnds } from './region.js';
import { chooseRows } from './sketch.js';

/** Elements of a tensor that are looked at. */
export const LIMITS = {
  /** Of the stack's ends and the probe: inner products over many steps must be sharp. */
  stack: 65_536,
  /** Of each block's and branch's result: there are many. */
  block: 512,
} as const;

/** The same of what scales and shifts are fitted to: each channel needs tokens enough. */
export const FITTED = 16_384;

/** Where a part of an inner tensor is seen: some elements of a graph output, float32 rows of so many channels. */
export interface Tap {
  readonly output: string;
  readonly start: number;
  readonly end: number;
  readonly channels: number;
}

/** Where a stream enters and leaves; without `enter` what leaves stands by itself. */
export interface EndTaps {
  readonly enter: Tap | undefined;
  readonly exit: Tap;
}

/** What is reused of a block, and of each of its branches. */
export interface FitTaps {
  readonly block: readonly EndTaps[];
  readonly branches: readonly (readonly EndTaps[])[];
}

export interface BlockTaps {
  readonly group: number;
  readonly kind: string;
  readonly work: number | undefined;
  readonly streams: readonly Tap[];
  readonly branches: readonly { readonly kind: string; readonly tap: Tap }[];
}

export interface Taps {
  readonly reuses: 'residual' | 'output';
  /** The stack's ends by stream; without `enter` where no residual can be taken. */
  readonly ends: readonly EndTaps[];
  readonly probe: Tap;
  readonly blocks: readonly BlockTaps[];
  /** By block; empty where nothing is fitted. */
  readonly fits: readonly FitTaps[];
}

/**
 * Makes the model show what its blocks do, in place: chosen rows of inner tensors become graph outputs, so that no
 * whole activation has to be held.
 * @param fits whether to show what scales and shifts are fitted to as well
 * @throws Refusal of `analyse`, or BWC204 where the size of a tensor cannot be told
 */
export function instrument(model: Model, profile: ProfileData, fits = false): Taps {
  prepare(model);
  const analysis = analyse(model, roleNames(profile));
  const sizes = inferSizes(model, profile);
  const ends = stackEnds(model, analysis);
  const fitted = fits ? blockEnds(model, analysis) : [];
  const show = new Shower(model, sizes);
  const [first] = analysis.blocks;
  const probe = first?.branches[0]?.update.input;
  if (probe === undefined) throw new Error('a model that was analysed has blocks with branches');
  const residual = ends.filter(end => end.enter !== undefined);
  const work = workOf(analysis, sizes);
  const taps: Taps = {
    reuses: residual.length > 0 ? 'residual' : 'output',
    ends: show.ends(residual.length > 0 ? residual : ends, LIMITS.stack),
    probe: show.tap(probe, LIMITS.stack),
    blocks: analysis.blocks.map((block, i) => ({
      group: block.group,
      kind: block.kind,
      work: work?.[i],
      streams: streamsOf(block).map(value => show.tap(value, LIMITS.block)),
      branches: block.branches.map(({ kind, update }) => ({
        kind,
        tap: show.tap(update.result, LIMITS.block),
      })),
    })),
    fits: fitted.map(({ block, branches }) => ({
      block: show.ends(block, FITTED),
      branches: branches.map(branch => show.ends(branch, FITTED)),
    })),
  };
  show.done();
  return taps;
}

function streamsOf(block: Block): Value[] {
  const outs = block.streams.flatMap(stream => stream.out ?? []);
  const last = block.branches.at(-1)?.update.out;
  return outs.length > 0 || last === undefined ? outs : [last];
}

/** Sizes with the profile's inputs. */
function inferSizes(model: Model, profile: ProfileData): Inferred {
  const declared = model.graph.inputs.map(value => value.type);
  for (const value of model.graph.inputs) {
    const spec = profile.inputs[value.name];
    if (spec !== undefined && value.type?.kind === 'tensor')
      value.type = tensorType(value.type.elem, spec.shape);
  }
  const inferred = inferTypes(model);
  model.graph.inputs.forEach((value, i) => {
    value.type = declared[i];
  });
  return inferred;
}

/** Each block's share of all blocks' operations. */
function workOf({ blocks }: Analysis, sizes: Inferred): readonly number[] | undefined {
  const flops: number[] = [];
  for (const block of blocks) {
    let sum = 0;
    for (const node of block.nodes) sum += flopsOf(node, sizes, new Map()) ?? Number.NaN;
    flops.push(sum);
  }
  const all = flops.reduce((a, b) => a + b, 0);
  return all > 0 ? flops.map(f => Number((f / all).toPrecision(6))) : undefined;
}

/** Taps of one number of channels leave the graph as one output: each output costs a run some time. */
interface Rows {
  readonly output: string;
  readonly parts: Value[];
  elements: number;
}

class Shower {
  readonly #model: Model;
  readonly #sizes: Inferred;
  readonly #builder: Builder;
  readonly #known = new Map<string, Tap>();
  readonly #rows = new Map<number, Rows>();

  constructor(model: Model, sizes: Inferred) {
    this.#model = model;
    this.#sizes = sizes;
    this.#builder = new Builder(model, model.graph, 'bwc/calibrate', 'bwc: made to calibrate');
  }

  tap(value: Value, limit: number): Tap {
    const key = `${limit} ${value.name}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const type = this.#sizes.typeOf(value);
    const shape = type?.kind === 'tensor' ? fixedShape(type.shape) : undefined;
    const channels = shape?.at(-1);
    if (type?.kind !== 'tensor' || shape === undefined || channels === undefined)
      return refuse('BWC204', { value: value.name, what: 'size' });
    const b = this.#builder;
    const all = shape.reduce((a, d) => a * d, 1) / channels;
    const chosen = chooseRows(all, channels, limit);
    let shown = b.op('Reshape', [value, b.i64(-1, channels)]);
    if (chosen) shown = b.op('Gather', [shown, b.i64(...chosen)], { attributes: [int('axis', 0)] });
    if (type.elem !== 'float32') shown = b.cast(shown, 'float32');
    // Right behind what it shows, so that nothing is held longer than in the original.
    b.place(this.#after(value));
    const rows = this.#rows.get(channels) ?? {
      output: this.#model.names.fresh(`bwc.rows.${channels}`),
      parts: [],
      elements: 0,
    };
    this.#rows.set(channels, rows);
    rows.parts.push(shown);
    const start = rows.elements;
    rows.elements += (chosen?.length ?? all) * channels;
    const tap: Tap = { output: rows.output, start, end: rows.elements, channels };
    this.#known.set(key, tap);
    return tap;
  }

  ends(ends: readonly StreamEnds[], limit: number): readonly EndTaps[] {
    return ends.map(({ enter, exit }) => ({
      enter: enter && this.tap(enter, limit),
      exit: this.tap(exit, limit),
    }));
  }

  done(): void {
    const b = this.#builder;
    for (const [channels, { output, parts, elements }] of this.#rows) {
      const joined = b.op('Concat', parts, { attributes: [int('axis', 0)] });
      joined.name = output;
      joined.type = tensorType('float32', [elements / channels, channels]);
      b.place();
      this.#model.graph.addOutput(joined);
    }
  }

  #after({ producer }: Value): Node | undefined {
    const { nodes } = this.#model.graph;
    return nodes[producer === undefined ? 0 : nodes.indexOf(producer) + 1];
  }
}

function fixedShape(shape: Shape | undefined): readonly number[] | undefined {
  const fixed = shape?.flatMap(d => (typeof d === 'number' ? d : []));
  return fixed !== undefined && fixed.length > 0 && fixed.length === shape?.length ? fixed : undefined;
}
