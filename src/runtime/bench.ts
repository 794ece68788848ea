import { performance } from 'node:perf_hooks';
import { evaluate } from '../ir/infer/index.js';
import { CachedModel } from './cached.js';
import { type DenoiseStep, denoise } from './denoise.js';
import { meanSsim, psnr } from './fidelity.js';
import type { RunProfile } from './profile.js';
import { OpenModel, type Port, type SessionOptions, type StepModel, type Tensors } from './session.js';
import { type HostTensor, isRunType, zeros } from './tensors.js';

export interface BenchOptions extends SessionOptions {
  /** Default: all of the profile's. */
  readonly seeds?: readonly number[];
  /** Whole generations with each model, once it is loaded and before any is timed; default 1. */
  readonly warmup?: number;
  /** Timed generations with each model and seed; default 6: JavaScript and allocators go on warming up over the first ones. */
  readonly rounds?: number;
  /**
   * Steps that a model makes before it is the other's turn; default 10. More, and a machine that changes its speed
   * does not meet both alike; fewer, and a model seldom finds its own caches warm, as it does when it serves alone.
   */
  readonly stretch?: number;
  /** Threads inside an operator; here 1 by default, which gives the steadiest ratios. */
  readonly threads?: number;
  /** The graph of prologue and epilogue alone (path or bytes): what a reused step costs at the least. */
  readonly rest?: string | Uint8Array;
  /** Tells how many bytes of memory the process has resident now; without it memory is not measured. */
  readonly resident?: () => number;
  /** By which runs are timed, in milliseconds; the wall's by default. */
  readonly clock?: () => number;
  /** Told after each timed generation. */
  readonly onRound?: (done: number, all: number) => void;
}

/** What a compiled step did: compute every gated region, some, or none. */
export type Decision = 'computed' | 'partial' | 'reused';

export interface SeedBench {
  readonly seed: number;
  readonly decisions: readonly Decision[];
  /** Steps computed, as in the whole. */
  readonly computed: number;
  readonly baselineMs: number;
  readonly compiledMs: number;
  /** Of each step the median over the rounds. */
  readonly stepMs: { readonly original: readonly number[]; readonly compiled: readonly number[] };
  /** Infinity where the latents are equal. */
  readonly psnr: number;
  readonly ssim: number;
  /** The results, float32. */
  readonly original: HostTensor;
  readonly compiled: HostTensor;
}

/** Times are those of the models' runs, in milliseconds: use them only as ratios within one result. */
export interface Bench {
  readonly steps: number;
  /**
   * Steps computed, and all others; the mean over the seeds. A step of which some regions are computed counts by their
   * share of the operations.
   */
  readonly computed: number;
  readonly reused: number;
  /** Of the first seed. */
  readonly decisions: readonly Decision[];
  /** One generation of the original: the sum of each step's median over the rounds; the mean over the seeds. */
  readonly baselineMs: number;
  /** One generation of the compiled model, from `baselineMs` and `speedup`. */
  readonly compiledMs: number;
  /**
   * From the share that a step takes of the original's step of the same index and round, which ran within moments of
   * it: the median of the computed steps and of the reused ones, each by their number.
   */
  readonly speedup: number;
  /** Quartiles of the speed-up of single generations: half of them lie between. */
  readonly spread: { readonly low: number; readonly high: number };
  /** Steps by computed steps: the speed-up if a reused step cost nothing. */
  readonly ideal: number;
  /** The speed-up if a computed step cost what the original's does, and a reused one the rest alone. */
  readonly bound: number;
  /** Where the cost of the rest is from: its own graph, or the compiled model's reused steps. */
  readonly boundFrom: 'rest' | 'reused steps';
  /** Speed-up by bound. */
  readonly efficiency: number;
  /** Of the final latents, by the profile's range; the mean over the seeds. */
  readonly psnr: number;
  readonly ssim: number;
  /** Median of a step, in milliseconds; null where there was none. */
  readonly perStep: {
    readonly original: number;
    readonly computed: number | null;
    readonly reused: number | null;
    readonly rest: number | null;
  };
  /** A computed step by the original's step of the same index, round and seed: the median; null without one. */
  readonly computeOverhead: number | null;
  /** Bytes of state between two steps. */
  readonly stateBytes: number;
  /** Bytes that loading a model and its warm-up added to the process; null where not measured, or the model was open. */
  readonly memory: { readonly original: number | null; readonly compiled: number | null };
  readonly seeds: readonly SeedBench[];
}

/**
 * Times a compiled model against its original, in one process, taking turns and turns at going first, so that
 * whatever else the machine does meets them alike. Models given by path are loaded anew for each round: where ONNX
 * Runtime puts a model's memory makes it a percent faster or slower for as long as it is loaded.
 * @throws Refusal of `openModel`, `CachedModel.open` and `denoise`
 */
export async function benchCompiled(
  original: string | StepModel,
  compiled: string | CachedModel,
  profile: RunProfile,
  options: BenchOptions = {},
): Promise<Bench> {
  const seeds = options.seeds ?? profile.seeds;
  const count = Math.max(1, options.rounds ?? 6);
  const { stretch = STRETCH, clock = () => performance.now() } = options;
  const rounds = new Map<number, Round[]>(seeds.map(seed => [seed, []]));
  let memory: Bench['memory'] = { original: null, compiled: null };
  let stateBytes = 0;
  let [turn, done] = [0, 0];
  for (let round = 0; round < count; round++) {
    const opened: StepModel[] = [];
    const own = <T extends StepModel>(model: T): T => {
      opened.push(model);
      return model;
    };
    try {
      const session = { ...options, threads: options.threads ?? 1 };
      // First, so that what the runtime itself takes is no model's.
      const rest = options.rest === undefined ? undefined : own(await OpenModel.open(options.rest, session));
      const ready = async <T extends StepModel>(
        given: string | T,
        open: (path: string) => Promise<T>,
      ): Promise<[T, number | null]> => {
        const isPath = typeof given === 'string';
        const before = isPath ? options.resident?.() : undefined;
        const model = isPath ? own(await open(given)) : given;
        if (isPath || round === 0) await warmUp(model, profile, options);
        return [model, before === undefined ? null : (options.resident?.() ?? before) - before];
      };
      const [a, baseline] = await ready<StepModel>(original, path => OpenModel.open(path, session));
      const [b, cached] = await ready(compiled, path => CachedModel.open(path, session));
      // Those of later rounds find memory that the process has already.
      if (round === 0) memory = { original: baseline, compiled: cached };
      const restRun = rest && restRunner(rest, a, profile, clock);
      for (const seed of seeds) {
        rounds.get(seed)?.push(await race(a, b, restRun, profile, { seed, turn: turn++, stretch, clock }));
        options.onRound?.(++done, count * seeds.length);
      }
      stateBytes = b.stateBytes;
    } finally {
      for (const model of opened) await model.close();
    }
  }
  return { ...summary(profile, rounds, stateBytes), memory };
}

async function warmUp(
  model: StepModel,
  profile: RunProfile,
  { warmup = 1, seeds = profile.seeds }: BenchOptions,
): Promise<void> {
  for (let i = 0; i < warmup; i++) for await (const step of denoise(model, profile, seeds[0] ?? 0)) void step;
  model.reset();
}

/** See `BenchOptions.stretch`. */
const STRETCH = 10;

interface Timed {
  readonly milliseconds: number;
  readonly decision: Decision;
  /** Share of the gated regions that was computed. */
  readonly work: number;
}

interface Round {
  readonly original: readonly Timed[];
  readonly compiled: readonly Timed[];
  /** By step; absent where the step did not reuse. */
  readonly rest: ReadonlyMap<number, number>;
  readonly latents: readonly [HostTensor, HostTensor];
}

/** One generation with every model, in turns. */
async function race(
  original: StepModel,
  compiled: CachedModel,
  rest: ((feeds: Tensors) => Promise<number>) | undefined,
  profile: RunProfile,
  { seed, turn, stretch, clock }: { seed: number; turn: number; stretch: number; clock: () => number },
): Promise<Round> {
  compiled.reset();
  const a = new Runner(denoise(original, profile, seed, { clock }));
  const b = new Runner(denoise(compiled, profile, seed, { clock }));
  const restTimes = new Map<number, number>();
  // A reused step at its best comes where the compiled model has one: behind a computed step, or another reused one.
  const advanceRest = async (step: number): Promise<void> => {
    if (rest === undefined || a.last === undefined) return;
    if (b.times[step]?.decision === 'reused') restTimes.set(step, await rest(a.last.feeds));
    else await original.run(a.last.feeds);
  };
  const { steps } = profile.sampler;
  for (let done = 0, swap = turn; done < steps; done += stretch, swap++) {
    const end = Math.min(done + stretch, steps);
    for (const runner of swap % 2 === 0 ? [a, b] : [b, a])
      for (let step = done; step < end; step++) await runner.advance();
    for (let step = done; step < end; step++) await advanceRest(step);
  }
  if (a.last === undefined || b.last === undefined) throw new Error('a profile has at least one step');
  return { original: a.times, compiled: b.times, rest: restTimes, latents: [a.last.latent, b.last.latent] };
}

/** A generation that keeps its times and only its last step. */
class Runner {
  readonly times: Timed[] = [];
  last: DenoiseStep | undefined;
  readonly #steps: AsyncGenerator<DenoiseStep, void>;

  constructor(steps: AsyncGenerator<DenoiseStep, void>) {
    this.#steps = steps;
  }

  async advance(): Promise<void> {
    const { value } = await this.#steps.next();
    if (value === undefined) return;
    this.last = value;
    const { milliseconds, signals } = value;
    this.times.push({ milliseconds, decision: decisionOf(value), work: signals?.work ?? 1 });
  }
}

function summary(
  profile: RunProfile,
  rounds: ReadonlyMap<number, readonly Round[]>,
  stateBytes: number,
): Omit<Bench, 'memory'> {
  const seeds = [...rounds].flatMap(([seed, list]) => seedSummary(profile, seed, list));
  const all = [...rounds.values()].flat();
  const pairs = all.flatMap(pairsOf);
  const times = (decision: Decision): number[] => pairs.filter(p => p.decision === decision).map(p => p.own);
  const steps = profile.sampler.steps;
  const computed = mean(seeds.map(seed => seed.computed));
  const baselineMs = mean(seeds.map(s => s.baselineMs));
  const cost = costOf(all);
  const least =
    median(pairs.flatMap(p => (p.rest === undefined ? [] : p.rest / p.original))) ??
    median(pairs.filter(p => p.decision === 'reused').map(p => p.own / p.original)) ??
    0;
  const speedup = steps / cost;
  const bound = steps / (computed + (steps - computed) * least);
  const rest = median(pairs.flatMap(p => p.rest ?? []));
  return {
    steps,
    computed,
    reused: steps - computed,
    decisions: seeds[0]?.decisions ?? [],
    baselineMs,
    compiledMs: baselineMs / speedup,
    speedup,
    spread: quartiles(all.map(round => steps / costOf([round]))),
    ideal: steps / computed,
    bound,
    boundFrom: rest === null ? 'reused steps' : 'rest',
    efficiency: speedup / bound,
    psnr: mean(seeds.map(s => s.psnr)),
    ssim: mean(seeds.map(s => s.ssim)),
    perStep: {
      original: median(pairs.map(p => p.original)) ?? Number.NaN,
      computed: median(times('computed')),
      reused: median(times('reused')),
      rest,
    },
    computeOverhead: median(pairs.filter(p => p.decision === 'computed').map(p => p.own / p.original)),
    stateBytes,
    seeds,
  };
}

/** A compiled step beside the original's of the same index and round. */
interface Pair {
  readonly decision: Decision;
  readonly own: number;
  readonly original: number;
  readonly rest: number | undefined;
}

function pairsOf(round: Round): Pair[] {
  return round.compiled.map((step, i) => ({
    decision: step.decision,
    own: step.milliseconds,
    original: round.original[i]?.milliseconds ?? Number.NaN,
    rest: round.rest.get(i),
  }));
}

/**
 * A compiled generation in steps of the original: the median share of each kind of step by how many there are. Steps
 * computed in full are of one kind, and so are reused ones; a partial step is compared with itself in other rounds.
 */
function costOf(rounds: readonly Round[]): number {
  const kinds = new Map<string, number[]>();
  for (const round of rounds) {
    for (const [step, { decision, own, original }] of pairsOf(round).entries()) {
      const kind = decision === 'partial' ? `partial ${step}` : decision;
      const shares = kinds.get(kind) ?? [];
      shares.push(own / original);
      kinds.set(kind, shares);
    }
  }
  const sum = [...kinds.values()].reduce((all, shares) => all + (median(shares) ?? 0) * shares.length, 0);
  return sum / rounds.length;
}

function seedSummary(profile: RunProfile, seed: number, rounds: readonly Round[]): SeedBench[] {
  const last = rounds.at(-1);
  if (last === undefined) return [];
  const [original, compiled] = last.latents;
  const medians = (of: 'original' | 'compiled'): number[] =>
    last[of].map((_, i) => median(rounds.map(r => r[of][i]?.milliseconds ?? Number.NaN)) ?? 0);
  const stepMs = { original: medians('original'), compiled: medians('compiled') };
  const baselineMs = stepMs.original.reduce((sum, ms) => sum + ms, 0);
  return [
    {
      seed,
      decisions: last.compiled.map(step => step.decision),
      computed: last.compiled.reduce((sum, step) => sum + step.work, 0),
      baselineMs,
      compiledMs: (baselineMs * costOf(rounds)) / profile.sampler.steps,
      stepMs,
      psnr: psnr(original, compiled, profile.display?.range),
      ssim: meanSsim(original, compiled, profile.display),
      original,
      compiled,
    },
  ];
}

function decisionOf({ signals }: DenoiseStep): Decision {
  if (signals === undefined || signals.computed) return 'computed';
  return signals.partial ? 'partial' : 'reused';
}

/**
 * Times the rest graph on a step's feeds. What it reads besides the original inputs is taken from zeros of its
 * declared shape, symbols having the size they have in the original's inputs.
 */
function restRunner(
  rest: OpenModel,
  original: StepModel,
  profile: RunProfile,
  clock: () => number,
): (feeds: Tensors) => Promise<number> {
  const sizes = new Map<string, number>();
  for (const { name, shape } of original.inputs) {
    shape.forEach((d, i) => {
      const size = profile.inputs[name]?.shape[i];
      if (typeof d === 'string' && size !== undefined) sizes.set(d, size);
    });
  }
  const known = new Set(original.inputs.map(port => port.name));
  const fillers = new Map<string, HostTensor>();
  for (const port of rest.inputs) if (!known.has(port.name)) fillers.set(port.name, filler(port, sizes));
  return async feeds => {
    const given = new Map(
      rest.inputs.map(({ name }) => [name, feeds.get(name) ?? fillers.get(name)] as const),
    );
    const whole = new Map<string, HostTensor>();
    for (const [name, tensor] of given) if (tensor !== undefined) whole.set(name, tensor);
    const start = clock();
    await rest.execute(whole);
    return clock() - start;
  };
}

function filler(port: Port, sizes: ReadonlyMap<string, number>): HostTensor {
  const dims = port.shape.map(d => evaluate(d, sizes) ?? 1);
  return zeros(isRunType(port.type) ? port.type : 'float32', dims);
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** The values below which a quarter and three quarters lie, between neighbours in proportion. */
function quartiles(values: readonly number[]): { low: number; high: number } {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sorted.length - 1);
    const [low = Number.NaN, high = low] = sorted.slice(Math.floor(place), Math.floor(place) + 2);
    return low + (high - low) * (place - Math.floor(place));
  };
  return { low: at(0.25), high: at(0.75) };
}

/** The middle value, the mean of the two middle ones of an even number; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(half) - 1], sorted[Math.floor(half)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
