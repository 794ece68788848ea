import { searchSchedule } from '../../src/methods/schedules/index.js';
import { defined, FIXTURES, type Fixture } from '../blocks/fixtures.js';
import { calibrationOf, FITTED_OVER, type Measured, measuredOf } from './measured.js';
import { Adjusted, Along, Expansion, type Memory, minus, Trapezoid, Weighted } from './memory.js';
import {
  allOf,
  blocks,
  branches,
  branchKinds,
  only,
  outputs,
  type Placed,
  trainedEntry,
  wholeModel,
} from './places.js';
import { attentionInputs, blockOutputs, type Picked, valuesByName } from './record.js';
import {
  AddedUp,
  BlockByBlock,
  BlocksAhead,
  Codebook,
  GateByGate,
  GatesAhead,
  Graded,
  type Guarded,
  MovingCodebook,
  pooled,
  Ranking,
  RateOfChange,
  type Reference,
  SinceComputed,
  steered,
  Table,
  Tested,
  Watched,
} from './references.js';
import { change, type Feature, type Rule } from './rules.js';
import { Filtered, flow, Guided, vp } from './spectral.js';
import type { Ran } from './spliced.js';
import { accumulated, bubbled, leastBad, magnitudes, smooth } from './tables.js';

/** A method with options, and its rule with the same ones. */
export interface Variant {
  readonly method: string;
  readonly title: string;
  readonly fixture: Fixture;
  readonly set: Readonly<Record<string, unknown>>;
  readonly preset?: string;
  /** Says which places and values these are: variants of the same share a session. */
  readonly at: string;
  readonly placed: Placed;
  readonly looked: Picked;
  /** What the rule sees of what is looked at. */
  readonly seen?: (looked: readonly Feature[], ran: Ran) => readonly Feature[];
  /** Of the Taylor expansion. */
  readonly order?: number;
  /** What is cached is taken from steps that are computed in full only. */
  readonly keptWhole?: true;
  /** One by default. */
  readonly batch?: number;
  /** In the place of the Taylor expansion. */
  readonly memory?: (place: number) => Memory;
  /** Compiled with a calibration of one real generation; false where one would help and is not there. */
  readonly calibrated?: boolean;
  readonly reference: (all: Pick<Guarded, 'steps'>) => Reference | Promise<Reference>;
}

const byTitle = (title: string): Fixture => defined(FIXTURES.find(f => f.title === title));
const trained = byTitle('tiny-video-dit.dynamo');
const DEPTH = 12;

/** The compiler's default sample of the tokens. */
const SAMPLED: Rule['tokens'] = { share: 1 / 16, samples: 16 };

/** The larger one of a method that looks at frames. */
const OF_FRAMES: Rule['tokens'] = { share: 1 / 4, samples: 16 };

type Where = Pick<Variant, 'at' | 'placed' | 'looked'>;

const nothing: Picked = () => [];

/** Blocks of the trained model, beside what is looked at. */
function run(from: number, to: number, looked: Picked = nothing, seen = ''): Where {
  return { at: `blocks ${from} to ${to}, ${seen}`, placed: blocks(trained, from, to), looked };
}

/** The prediction itself. */
function made(looked: Picked = nothing, seen = ''): Where {
  return { at: `prediction, ${seen}`, placed: outputs(wholeModel(trained)), looked };
}

/** What the first blocks return, and what enters them. */
const front = (count: number): Picked => {
  const ends = blockOutputs(trained);
  return model => [defined(ends(model)[count - 1]), trainedEntry(model)];
};

const everyBranch = (fixture: Fixture, looked: Picked = nothing, seen = ''): Where => ({
  at: `branches, ${seen}`,
  placed: branches(fixture),
  looked,
});

const middleAttention: Picked = model => {
  const kinds = branchKinds(trained);
  const places = branches(trained)(model);
  return [defined(places.filter((_, i) => kinds[i] === 'self-attention')[DEPTH / 2]?.exits[0])];
};

const latentAndPrediction: Picked = model => {
  const [place] = wholeModel(trained)(model);
  return [...defined(place?.enters), ...defined(place?.exits)];
};

const predicted = made(model => latentAndPrediction(model).slice(1), 'prediction');

/** True at all but every `n`-th step from `from` on until `to`. */
const everyNth =
  (n: number, from = 0, to = Number.POSITIVE_INFINITY) =>
  (step: number): boolean =>
    step >= from && step < to && (step - from) % n !== 0;

const times = (count: number, flag: boolean): readonly boolean[] => Array.from({ length: count }, () => flag);

/** A mask as cache-dit writes it: so many computed, so many that may be cached, in turn; the last is computed. */
function bins(computed: readonly number[], cached: readonly number[]): string {
  return computed.map((n, i) => '1'.repeat(n) + '0'.repeat(cached[i] ?? 0)).join('');
}

const WAN = [2396.76752, -1311.10545, 201.331979, -8.29855975, 0.137887774];
const FAST = [
  [0.08, 6],
  [0.16, 5],
  [0.24, 4],
  [0.32, 3],
  [0.4, 2],
  [1, 1],
] as const;
const SLOW = [
  [0.08, 3],
  [0.16, 2],
  [0.24, 1],
] as const;
const LONG = [
  [0.03, 12],
  [0.05, 10],
  [0.07, 8],
  [0.09, 6],
  [0.11, 4],
  [1, 3],
] as const;

type Ours = Omit<Variant, 'method' | 'fixture'>;

function of(method: string, fixture: Fixture, ...variants: readonly Ours[]): readonly Variant[] {
  return variants.map(variant => ({ ...variant, method, fixture }));
}

const added = ([out, enters]: readonly Feature[]): readonly Feature[] => [
  minus(defined(out), defined(enters)),
];

const firstBlock = { ...run(1, DEPTH, front(1), 'front 1'), seen: added };

const firstAttention: Picked = model => attentionInputs(model).slice(0, 1);
const modulated = run(0, DEPTH, firstAttention, 'modulated');
const timestep: Picked = model => [defined(valuesByName(model).get(trained.truth.timestep))];
const timed = run(0, DEPTH, model => [...firstAttention(model), ...timestep(model)], 'modulated, timed');
const embedded = run(0, DEPTH, model => [trainedEntry(model)], 'embedded');
const latent = { at: 'model', placed: wholeModel(trained), looked: latentAndPrediction };
const adaptive = everyBranch(trained, middleAttention, 'middle attention');
const plainly = everyBranch(trained);

/** A probe whose tokens lie frame after frame. */
const inFrames =
  (frames: number) =>
  ({ dims, data }: Feature): Feature => {
    const channels = dims.at(-1) ?? 1;
    return { dims: [frames, data.length / channels / frames, channels], data };
  };

/** A probe [positions, frames, channels]. */
const acrossFrames = ({ dims: [positions = 0, frames = 0, channels = 0], data }: Feature): Feature => {
  const turned = Array.from({ length: data.length }, (_, i) => {
    const [frame, rest] = [Math.floor(i / (positions * channels)), i % (positions * channels)];
    const [position, c] = [Math.floor(rest / channels), rest % channels];
    return data[(position * frames + frame) * channels + c] ?? Number.NaN;
  });
  return { dims: [frames, positions, channels], data: turned };
};

/** Which of all branches is the first of a block. */
const branchOf = ({ truth }: Fixture, block: number): number =>
  truth.blocks.slice(0, block).reduce((sum, { branches: kinds }) => sum + kinds.length, 0);

const mask = bins([6, 2, 2, 2, 2, 1], [1, 3, 3, 3, 3]);

/** Each branch of a kind that has a period reuses but in one of its steps, in the middle of thirty. */
function broadcast(fixture: Fixture, periods: Readonly<Record<string, number>>) {
  const all = branchKinds(fixture);
  const kinds = all.filter(kind => kind in periods);
  return {
    at: `branches ${Object.keys(periods).join()}`,
    placed: only(branches(fixture), i => (all[i] ?? '') in periods),
    looked: nothing,
    reference: (guarded: Pick<Guarded, 'steps'>) =>
      new Table(guarded, step => kinds.map(kind => everyNth(periods[kind] ?? 1, 5, 26)(step))),
  };
}

const ATTENTION = {
  'self-attention': 2,
  'joint-attention': 2,
  'temporal-attention': 4,
  'cross-attention': 6,
};

/** A table for each place, made from one generation of the original: true computes. */
function fromMeasured(of: (measured: Measured) => readonly (readonly boolean[])[]) {
  let made: readonly (readonly boolean[])[] | undefined;
  return {
    calibrated: true,
    async reference(all: Pick<Guarded, 'steps'>): Promise<Reference> {
      const tables = made ?? of(await measuredOf(trained, all.steps));
      made = tables;
      return new Table(all, step => tables.map(table => table[step] === false));
    },
  } as const;
}

/** What places give in the same generation, to which scales and shifts are fitted. */
function fittedTo(
  places: (measured: Measured) => readonly (readonly Feature[])[],
  tables: (measured: Measured) => readonly (readonly boolean[])[],
) {
  let seen: readonly (readonly Feature[])[] = [];
  return {
    ...fromMeasured(measured => {
      seen = places(measured);
      return tables(measured);
    }),
    memory: (place: number) => new Adjusted(defined(seen[place]), FITTED_OVER),
  };
}

/** FasterCache's weight of the difference of the last two computed steps. */
const risen = (step: number): readonly number[] => {
  const w = (0.9 * (step - 7)) / (30 - 7);
  return [1 + w, -w];
};

const LEVELS = [
  [0.1, 4],
  [0.25, 3],
  [Number.POSITIVE_INFINITY, 1],
] as const;

const learned = Array.from({ length: 30 }, (_, step) =>
  Array.from({ length: 2 * DEPTH }, (_b, i) => (step > 0 && (step + i) % 3 !== 0 ? 0 : 1)),
);

const blockByBlock: Where = {
  at: 'each block',
  placed: allOf(...Array.from({ length: DEPTH }, (_, i) => blocks(trained, i, i + 1))),
  looked: nothing,
};

/** What each block adds, to the stream as it is where earlier ones reuse. */
const eachAdds = (_: readonly Feature[], { places }: Ran): readonly Feature[] =>
  places.flatMap(place => place.map(({ exit, enters }) => minus(exit, defined(enters))));

const everyBlock = [Array.from({ length: DEPTH }, (_, i) => i)];

/** What enters each block, to the stream as it is where earlier ones reuse. */
const eachEntry = (_: readonly Feature[], { places }: Ran): readonly Feature[] =>
  places.flatMap(([exit]) => defined(exit?.enters));

/** Each block of some. */
const blocksApart = (from: number, to: number): Where => ({
  at: `each block from ${from} to ${to}`,
  placed: allOf(...Array.from({ length: to - from }, (_, i) => blocks(trained, from + i, from + i + 1))),
  looked: nothing,
});

/** What each block's attention and feed-forward read, found by the biases behind it. */
const branchInputs: Picked = model => {
  const attention = attentionInputs(model);
  const biases = new Map([...model.graph.initializers].map(v => [v.name, v]));
  return attention.flatMap((value, block) => {
    const [sum] = defined(biases.get(`blocks.${block}.mlp.0.bias`)).users;
    if (sum === undefined || !('inputs' in sum)) throw new Error('a bias is added');
    const product = defined(sum.inputs.find(v => v?.producer?.op === 'MatMul')?.producer);
    return [value, defined(product.inputs[0])];
  });
};

const gated = everyBranch(trained, branchInputs, 'what each reads');

/** Learned gates of both signs, that differ by step and branch. */
const gateWeights = (width: number): readonly (readonly (readonly number[])[])[] =>
  Array.from({ length: 30 }, (_, step) =>
    Array.from({ length: 2 * DEPTH }, (_b, i) =>
      Array.from({ length: width }, (_c, j) => 0.02 * Math.sin(1 + 5 * i + 3 * j + step / 9)),
    ),
  );
const GATES = gateWeights(128);
const SHIFTS = Array.from({ length: 30 }, (_, step) =>
  Array.from({ length: 2 * DEPTH }, (_b, i) => 0.3 * Math.cos(step / 5 + i)),
);
const gatesFile = (more: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({ kind: 'bwc.gates', version: 1, weights: GATES, ...more });

/** Sortblock's polynomial of the timestep, of a thousand. */
const published = (done: number): number => {
  const t = 1000 * (1 - done);
  const powers = [5.67621e-14, -1.36659e-10, 1.16246e-7, -3.97725e-5, 3.61e-3, 0.56088];
  return powers.reduce((sum, c) => sum * t + c, 0);
};

/** What the search found in the calibration: the search itself is tested by what it promises, in test/calibrate. */
function found(
  of: (all: Pick<Guarded, 'steps'>, compute: readonly boolean[], measured: Measured) => Reference,
) {
  let weights: readonly (readonly number[])[] = [];
  return {
    calibrated: true,
    memory: () => new Weighted(step => weights[step] ?? []),
    async reference(all: Pick<Guarded, 'steps'>): Promise<Reference> {
      const calibration = await calibrationOf(trained, all.steps);
      const schedule = searchSchedule(calibration, { kind: 'speedup', value: 2 });
      weights = schedule.weights;
      return of(all, schedule.compute, await measuredOf(trained, all.steps));
    },
  } as const;
}

/** MixCache's places: two blocks, those between, two blocks; and with halves the prediction. What is looked at is the last block, and that. */
function mixed(prediction?: string) {
  const [all, whole] = [blockOutputs(trained), outputs(wholeModel(trained))];
  const parts = [blocks(trained, 0, 2), blocks(trained, 2, DEPTH - 2), blocks(trained, DEPTH - 2, DEPTH)];
  return {
    at: `two, eight, two, ${prediction ?? ''}`,
    placed: allOf(...parts, ...(prediction === undefined ? [] : [whole])),
    looked: (model => [defined(all(model).at(-1)), ...defined(whole(model)[0]?.exits)]) satisfies Picked,
    seen: (looked: readonly Feature[]) => looked.slice(0, 1),
    keptWhole: true,
  } as const;
}

const mixedRanges = (step: number, middle: number): (readonly [number, number])[] => [
  [0, step],
  [0, middle],
  [0, step],
];

export const VARIANTS: readonly Variant[] = [
  ...of(
    'first-block-cache',
    trained,
    {
      ...firstBlock,
      title: 'as published, on a sample of the tokens',
      set: { threshold: 0.1 },
      reference: all => new SinceComputed({ ...all, threshold: 0.1, tokens: SAMPLED }),
    },
    {
      ...firstBlock,
      title: 'all tokens, guarded',
      set: { threshold: 0.15, tokens: 'full', most: 2, warmup: 3, tail: 2 },
      reference: all =>
        new SinceComputed({ ...all, threshold: 0.15, tokens: undefined, most: 2, warmup: 3, tail: 2 }),
    },
    {
      ...firstBlock,
      title: 'means of tokens, straight lines',
      set: { threshold: 0.1, tokens: 'pooled', order: 1, warmup: 0.2 },
      seen: looked => added(looked).map(pooled),
      order: 1,
      reference: all => new SinceComputed({ ...all, threshold: 0.1, tokens: undefined, warmup: 0.2 }),
    },
  ),
  ...of('first-block-cache', trained, {
    ...firstBlock,
    title: 'half of the steps wanted, from a low threshold',
    set: { threshold: 0.01, wanted: 0.5, most: 3 },
    reference: all => new SinceComputed(steered({ ...all, tokens: SAMPLED, most: 3 }, 0.01, 0.5)),
  }),
  ...of(
    'dbcache',
    trained,
    {
      ...run(2, DEPTH - 3, front(2), 'front 2'),
      seen: added,
      title: 'F2B3, at most three in a row',
      set: { front: 2, back: 3, threshold: 0.12, most: 3 },
      reference: all => new SinceComputed({ ...all, threshold: 0.12, tokens: SAMPLED, most: 3, warmup: 8 }),
    },
    {
      ...run(2, DEPTH, front(2), 'front 2'),
      seen: added,
      title: 'F2B0, the mask alone, order 2',
      set: { front: 2, threshold: 1, warmup: 0, mask, order: 2 },
      order: 2,
      reference: all => new SinceComputed({ ...all, threshold: 1, tokens: SAMPLED, mask }),
    },
  ),
  ...of(
    'teacache',
    trained,
    {
      ...modulated,
      title: 'the change itself',
      set: { polynomial: '1,0' },
      reference: all => new AddedUp({ ...all, threshold: 0.15, tokens: SAMPLED, warmup: 1, tail: 1 }),
    },
    {
      ...modulated,
      title: 'two thirds of the steps wanted, found in the warm-up from a high threshold',
      set: { polynomial: '1,0', threshold: 5, wanted: 0.66, warmup: 6 },
      reference: all => new AddedUp(steered({ ...all, tokens: SAMPLED, warmup: 6, tail: 1 }, 5, 0.66)),
    },
    {
      ...modulated,
      title: "Wan's polynomial, ten first steps, at most three in a row",
      preset: 'wan-1.3b',
      set: { threshold: 1, warmup: 10, most: 3 },
      reference: all =>
        new AddedUp({
          ...all,
          threshold: 1,
          tokens: SAMPLED,
          polynomial: WAN,
          warmup: 10,
          tail: 1,
          most: 3,
        }),
    },
    {
      ...modulated,
      title: 'a polynomial of degree two, all tokens, straight lines',
      set: { polynomial: '1.5,0.5,-0.01', threshold: 0.1, tokens: 'full', order: 1 },
      order: 1,
      reference: all =>
        new AddedUp({
          ...all,
          threshold: 0.1,
          tokens: undefined,
          polynomial: [1.5, 0.5, -0.01],
          warmup: 1,
          tail: 1,
        }),
    },
  ),
  ...of(
    'seacache',
    trained,
    {
      ...timed,
      title: 'as published, on a sample of the tokens',
      set: {},
      reference: all =>
        new Filtered(
          { grid: [8, 4, 4], power: 3, shares: flow },
          new AddedUp({ ...all, threshold: 0.2, tokens: SAMPLED, warmup: 1, tail: 1 }),
        ),
    },
    {
      ...timed,
      title: 'a power of one, variance preserving, all tokens, straight lines',
      set: { power: 1, noise: 'vp', tokens: 'full', order: 1, tail: 0 },
      order: 1,
      reference: all =>
        new Filtered(
          { grid: [8, 4, 4], power: 1, shares: vp },
          new AddedUp({ ...all, threshold: 0.2, tokens: undefined, warmup: 1 }),
        ),
    },
  ),
  ...of('flowcache', trained, {
    ...embedded,
    title: 'five first steps',
    set: { threshold: 0.1 },
    reference: all => new AddedUp({ ...all, threshold: 0.1, tokens: SAMPLED, warmup: 5, tail: 1 }),
  }),
  ...of(
    'dicache',
    trained,
    {
      ...run(0, DEPTH, front(1), 'front 1'),
      seen: looked => looked.slice(0, 1),
      title: 'as published, on a sample of the tokens',
      set: {},
      memory: () => new Along(looked => defined(added(looked)[0]), SAMPLED),
      reference: all => new AddedUp({ ...all, threshold: 0.1, tokens: SAMPLED, warmup: 0.2, tail: 1 }),
    },
    {
      ...run(0, DEPTH, front(3), 'front 3'),
      seen: looked => looked.slice(0, 1),
      title: 'three blocks, all tokens, as far as two, at most two in a row',
      set: { depth: 3, tokens: 'full', farthest: 2, threshold: 0.3, warmup: 1, tail: 0, most: 2 },
      memory: () => new Along(looked => defined(added(looked)[0]), undefined, 2),
      reference: all => new AddedUp({ ...all, threshold: 0.3, tokens: undefined, warmup: 1, most: 2 }),
    },
  ),
  ...of(
    'easycache',
    trained,
    {
      ...latent,
      title: 'as published',
      set: {},
      reference: all => new RateOfChange({ ...all, threshold: 0.05, tokens: undefined, warmup: 5, tail: 1 }),
    },
    {
      ...latent,
      title: 'no warm-up, at most two in a row, straight lines',
      set: { threshold: 0.1, warmup: 0, most: 2, order: 1 },
      order: 1,
      reference: all => new RateOfChange({ ...all, threshold: 0.1, tokens: undefined, most: 2, tail: 1 }),
    },
  ),
  ...of(
    'adacache',
    trained,
    {
      ...adaptive,
      title: 'fast, motion counting as published',
      set: {},
      reference: all =>
        new MovingCodebook(
          { ...all, tokens: OF_FRAMES, tail: 2, usual: 0.385, frames: inFrames(8) },
          FAST,
          2 * DEPTH,
        ),
    },
    {
      ...adaptive,
      title: 'fast, without motion',
      set: { motion: 'no' },
      reference: all => new Codebook({ ...all, tokens: OF_FRAMES, tail: 2 }, FAST, 2 * DEPTH),
    },
    {
      ...adaptive,
      title: 'slow, on all tokens, where more motion is usual',
      set: { codebook: 'slow', tokens: 'full', usual: 0.5 },
      reference: all =>
        new MovingCodebook(
          { ...all, tokens: undefined, tail: 2, usual: 0.5, frames: inFrames(8) },
          SLOW,
          2 * DEPTH,
        ),
    },
    {
      ...adaptive,
      title: 'for a hundred steps, straight lines, without motion',
      set: { codebook: 'long', order: 1, motion: 'no' },
      order: 1,
      reference: all => new Codebook({ ...all, tokens: OF_FRAMES, tail: 2 }, LONG, 2 * DEPTH),
    },
  ),
  ...[4, 5].map(block => {
    const fixture = byTitle('latte.torchscript');
    const places = branchKinds(fixture).length;
    const attention = branchOf(fixture, block);
    return {
      method: 'adacache',
      fixture,
      ...everyBranch(
        fixture,
        model => branches(fixture)(model)[attention]?.exits ?? [],
        `attention of block ${block}`,
      ),
      title: block % 2 === 0 ? 'frames in the batch' : 'positions in the batch',
      set: { block, share: 0.5, codebook: 'slow', threshold: 4 },
      reference: (all: Pick<Guarded, 'steps'>) =>
        new MovingCodebook(
          {
            ...all,
            tokens: { share: 0.5, samples: 16 },
            tail: 2,
            usual: 0.385,
            frames: block % 2 === 0 ? inFrames(4) : acrossFrames,
          },
          SLOW.map(([below, rate]) => [4 * below, rate] as const),
          places,
        ),
    } satisfies Variant;
  }),
  ...of(
    'taylorseer',
    trained,
    ...[0, 1, 2, 3].map(
      (order): Ours => ({
        ...run(0, DEPTH),
        title: `order ${order}`,
        set: { order },
        order,
        reference: all => new Table({ ...all, warmup: 3 }, step => [everyNth(5, 2)(step)]),
      }),
    ),
    {
      ...plainly,
      title: 'every branch, order 2',
      set: { region: 'branch', order: 2, interval: 4, tail: 2 },
      order: 2,
      reference: all =>
        new Table({ ...all, warmup: 3, tail: 2 }, step => times(2 * DEPTH, everyNth(4, 2)(step))),
    },
  ),
  ...of('fora', trained, {
    ...plainly,
    title: 'five first steps and a tenth at the end',
    set: { interval: 4, warmup: 5, tail: 0.1 },
    reference: all =>
      new Table({ ...all, warmup: 5, tail: 0.1 }, step => times(2 * DEPTH, everyNth(4)(step))),
  }),
  ...of('fora', byTitle('sd3.dynamo'), {
    ...everyBranch(byTitle('sd3.dynamo')),
    title: 'both streams',
    set: { interval: 3 },
    reference: all => new Table(all, step => times(12, everyNth(3)(step))),
  }),
  ...of('pab', trained, {
    ...broadcast(trained, { ...ATTENTION, 'feed-forward': 3 }),
    title: 'the feed-forward too',
    set: { mlp: 3 },
  }),
  ...[byTitle('latte.torchscript'), byTitle('wan.torchscript')].flatMap(fixture =>
    of('pab', fixture, {
      ...broadcast(fixture, ATTENTION),
      title: 'as published',
      set: {},
    }),
  ),
  ...of(
    'delta-dit',
    trained,
    {
      at: 'the last nine and the first nine',
      placed: allOf(blocks(trained, 3, DEPTH), blocks(trained, 0, 9)),
      looked: nothing,
      title: 'ranges that overlap',
      set: {},
      keptWhole: true,
      reference: all =>
        new Table(all, step => [everyNth(2, 0, 15)(step), step >= 15 && everyNth(2, 15)(step)]),
    },
    {
      at: 'the last five and the first five',
      placed: allOf(blocks(trained, 7, DEPTH), blocks(trained, 0, 5)),
      looked: nothing,
      title: 'ranges apart, straight lines',
      set: { interval: 3, boundary: 0.4, depth: 5, order: 1, warmup: 4 },
      order: 1,
      reference: all =>
        new Table({ ...all, warmup: 4 }, step => [
          everyNth(3, 0, 12)(step),
          step >= 12 && everyNth(3, 12)(step),
        ]),
    },
  ),
  ...of('blockdance', trained, {
    at: 'outputs 0 to 8',
    placed: outputs(blocks(trained, 0, 8)),
    looked: nothing,
    title: 'two thirds of the blocks',
    set: { interval: 3 },
    reference: all => new Table(all, step => [everyNth(3, 12, 29)(step)]),
  }),
  ...of('skip-dit', trained, {
    at: 'outputs 2 to 10',
    placed: outputs(blocks(trained, 2, 10)),
    looked: nothing,
    title: 'two blocks at either end',
    set: { outer: 2 },
    reference: all => new Table(all, step => [everyNth(2, 9, 29)(step)]),
  }),
  ...of('fastercache', trained, {
    at: 'attention',
    placed: only(branches(trained), i => branchKinds(trained)[i] !== 'feed-forward'),
    looked: nothing,
    title: 'as published',
    set: {},
    memory: () => new Weighted(risen),
    reference: all => new Table(all, step => times(DEPTH, everyNth(2, 7)(step))),
  }),
  ...of(
    'cfg-cache',
    trained,
    ...(['last', 'first'] as const).map(
      (conditional): Ours => ({
        at: 'the prediction',
        placed: outputs(wholeModel(trained)),
        looked: model => [...defined(outputs(wholeModel(trained))(model)[0]?.exits)],
        title: `the conditional half ${conditional}`,
        set: { conditional },
        batch: 2,
        memory: () => new Guided(step => (step < 18 ? [1.2, 1] : [1, 1.2]), conditional),
        reference: all => new Table(all, step => [everyNth(5, 10)(step)]),
      }),
    ),
  ),
  ...of(
    'mixcache',
    trained,
    {
      ...mixed(),
      title: 'steps and blocks',
      set: { tokens: 'full' },
      reference: all => {
        const rule = { ...all, threshold: 0.1, tokens: undefined, interval: 3, warmup: 1, tail: 1 };
        return new Graded(rule, mixedRanges(0.5, 1));
      },
    },
    {
      ...mixed('the prediction'),
      title: 'steps, blocks and halves',
      set: { step: 0.45, block: 0.58, conditional: 'last', warmup: 0, tail: 0 },
      batch: 2,
      memory: place => (place < 3 ? new Expansion(0) : new Guided(() => [1, 1])),
      reference: all => {
        const rule = { ...all, threshold: 0.1, tokens: SAMPLED, interval: 3 };
        return new Graded(rule, [...mixedRanges(0.45, 0.58), [0.58, 1]]);
      },
    },
  ),
  ...of('quantcache', trained, {
    ...adaptive,
    title: 'three lengths',
    set: {},
    reference: all => new Codebook({ ...all, tokens: SAMPLED, tail: 1 }, LEVELS, 2 * DEPTH),
  }),
  ...of(
    'dbprune',
    trained,
    {
      ...blocksApart(2, DEPTH),
      title: 'as published',
      set: {},
      seen: eachEntry,
      reference: all => new BlockByBlock({ ...all, threshold: 0.08, warmup: 8, tokens: SAMPLED, places: 10 }),
    },
    {
      ...blocksApart(1, 10),
      title: 'F1B2, relaxed, at most three in a row, straight lines',
      set: { front: 1, back: 2, threshold: 0.1, relax: 1.25, most: 3, warmup: 2, order: 1 },
      seen: eachEntry,
      order: 1,
      reference: all =>
        new BlockByBlock({
          ...all,
          threshold: 0.1,
          relax: 1.25,
          most: 3,
          warmup: 2,
          tokens: SAMPLED,
          places: 9,
        }),
    },
    {
      ...blocksApart(2, DEPTH),
      title: 'a step ahead',
      set: { decide: 'ahead', threshold: 0.15, warmup: 3, tail: 1 },
      seen: eachEntry,
      reference: all =>
        new BlocksAhead({ ...all, threshold: 0.15, warmup: 3, tail: 1, tokens: SAMPLED, places: 10 }),
    },
    {
      ...blocksApart(2, DEPTH),
      title: 'a step ahead, relaxed, at most two in a row, all tokens',
      set: { decide: 'ahead', threshold: 0.1, relax: 1.25, most: 2, warmup: 3, tokens: 'full' },
      seen: eachEntry,
      reference: all =>
        new BlocksAhead({
          ...all,
          threshold: 0.1,
          relax: 1.25,
          most: 2,
          warmup: 3,
          tokens: undefined,
          places: 10,
        }),
    },
  ),
  ...of(
    'sortblock',
    trained,
    {
      ...blockByBlock,
      title: 'as published',
      set: {},
      seen: eachAdds,
      order: 1,
      reference: all =>
        new Ranking({
          ...all,
          warmup: 0.1,
          tail: 0.05,
          tokens: SAMPLED,
          interval: 5,
          ratio: done => 0.1 * published(done),
          groups: everyBlock,
        }),
    },
    {
      ...blockByBlock,
      title: 'half of the published share, parabolas',
      set: { beta: 0.5, interval: 4, order: 2, warmup: 2, tail: 0 },
      seen: eachAdds,
      order: 2,
      reference: all =>
        new Ranking({
          ...all,
          warmup: 2,
          tokens: SAMPLED,
          interval: 4,
          ratio: done => 0.5 * published(done),
          groups: everyBlock,
        }),
    },
    {
      ...blockByBlock,
      title: 'a constant share, all tokens, as it was',
      set: { beta: 0.4, ratio: 'constant', order: 0, tokens: 'full', warmup: 1, tail: 0, interval: 6 },
      seen: eachAdds,
      reference: all =>
        new Ranking({ ...all, tokens: undefined, interval: 6, ratio: () => 0.4, groups: everyBlock }),
    },
  ),
  ...of(
    'lazydit',
    trained,
    {
      ...gated,
      title: 'a step ahead',
      set: { gates: gatesFile() },
      reference: all => new GatesAhead({ ...all, threshold: 0.5, weights: GATES, lazy: false }),
    },
    {
      ...gated,
      title: "a step ahead, the paper's sign, biased, straight lines",
      set: {
        gates: gatesFile({ bias: SHIFTS, high: 'reuses' }),
        threshold: 0.6,
        order: 1,
        warmup: 3,
        tail: 2,
      },
      order: 1,
      reference: all =>
        new GatesAhead({
          ...all,
          threshold: 0.6,
          weights: GATES,
          bias: SHIFTS,
          lazy: true,
          warmup: 3,
          tail: 2,
        }),
    },
    {
      ...gated,
      title: 'as published',
      set: { gates: gatesFile(), decide: 'at-once' },
      reference: all => new GateByGate({ ...all, threshold: 0.5, weights: GATES, lazy: false }),
    },
  ),
  ...of('learning-to-cache', trained, {
    ...plainly,
    title: 'a table',
    set: { table: JSON.stringify(learned) },
    reference: all => new Table(all, step => (learned[step] ?? []).map(x => x === 0)),
  }),
  ...of('magcache', trained, {
    ...run(0, DEPTH),
    title: 'as published',
    set: {},
    ...fromMeasured(({ residual }) => [magnitudes(residual, { delta: 0.12, most: 4, retention: 0.2 })]),
  }),
  ...of('smoothcache', trained, {
    ...plainly,
    title: 'a schedule a kind',
    set: { alpha: 0.25 },
    ...fromMeasured(({ branches: layers, kinds }) =>
      kinds.map(kind =>
        smooth(
          layers.filter((_, i) => kinds[i] === kind),
          0.25,
          3,
        ),
      ),
    ),
  }),
  ...of(
    'block-caching',
    trained,
    {
      ...plainly,
      title: 'every branch, straight lines',
      set: { order: 1 },
      order: 1,
      ...fromMeasured(({ branches: layers }) => layers.map(layer => accumulated(layer, 0.5))),
    },
    {
      ...blockByBlock,
      title: 'every block',
      set: { region: 'block', delta: 0.4, adjust: 'no' },
      ...fromMeasured(({ blocks: layers }) => layers.map(layer => accumulated(layer, 0.4))),
    },
    {
      ...plainly,
      title: 'every branch, scaled and shifted',
      set: { delta: 0.3, adjust: 'yes' },
      ...fittedTo(
        ({ given }) => given,
        ({ branches: layers }) => layers.map(layer => accumulated(layer, 0.3)),
      ),
    },
    {
      ...blockByBlock,
      title: 'every block, scaled and shifted',
      set: { region: 'block', delta: 0.2 },
      ...fittedTo(
        ({ added: all }) => all,
        ({ blocks: layers }) => layers.map(layer => accumulated(layer, 0.2)),
      ),
    },
  ),
  ...of('bac', trained, {
    ...plainly,
    title: 'ten updates',
    set: { updates: 10 },
    ...fromMeasured(({ branches: layers, kinds }) => bubbled(layers, kinds, 10, 3)),
  }),
  ...of('lemica', trained, {
    ...run(0, DEPTH),
    title: 'half of the steps',
    set: {},
    ...fromMeasured(({ residual }) => [leastBad(residual, 15)]),
  }),
  ...of(
    'auto',
    trained,
    {
      ...made(),
      title: 'what the search found',
      set: { watch: 'no' },
      ...found((all, compute) => new Table(all, step => [compute[step] === false])),
    },
    {
      ...made(model => [trainedEntry(model), ...firstAttention(model)], 'entry'),
      title: 'until the run departs',
      set: { threshold: 1.2 },
      ...found((all, compute, { entries }) => {
        const expected = entries.map((now, s) =>
          s === 0 ? 0 : change(now, defined(entries[s - 1]), { tokens: undefined }),
        );
        return new Watched({ ...all, threshold: 1.2, tokens: SAMPLED }, compute, expected);
      }),
    },
    {
      ...predicted,
      title: 'not calibrated: every third step and the last',
      calibrated: false,
      set: { target: 'work=0.34' },
      memory: () => new Trapezoid(),
      reference: () => new Tested(0.5, step => ![0, 3, 6, 10, 13, 16, 19, 23, 26, 29].includes(step)),
    },
    {
      ...predicted,
      title: 'not calibrated: one step in five, while lines are close',
      calibrated: false,
      set: { target: 'speedup=5', threshold: 0.22 },
      memory: () => new Trapezoid(),
      reference: () => new Tested(0.22, step => step % 5 !== 0),
    },
  ),
];
