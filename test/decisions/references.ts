/**
 * Rules of the published methods on features of the original model, in plain loops: written from the papers and the
 * public code as the method pages quote them, and sharing nothing with the compiler.
 */
import { Trapezoid } from './memory.js';
import { change, type Feature, type Rule, stride } from './rules.js';

/**
 * The original's features at this step, where the places told of reuse. Costs a run of it, so that a rule asks only when
 * the method would know.
 */
export type Look = (reuse?: readonly boolean[]) => Promise<readonly Feature[]>;

export interface Told {
  /** By place: whether it reuses. */
  readonly reuse: readonly boolean[];
  /** What was measured. */
  readonly value: number;
}

/** A method's rule, asked once per step in turn. */
export interface Reference {
  step(step: number, look: Look): Promise<Told>;
}

/** What the signal says of a step that was not measured. */
export const UNMEASURED = 1000;

export interface Guarded {
  readonly steps: number;
  readonly warmup?: number;
  readonly tail?: number;
  readonly most?: number;
  /** `1` must be computed. */
  readonly mask?: string;
}

/** Counts steps that were reused in a row, and says when a step must be computed. */
class Guard {
  readonly #given: Guarded;
  #run = 0;

  constructor(given: Guarded) {
    this.#given = given;
  }

  allows(step: number): boolean {
    const { steps, warmup = 0, tail = 0, most = 0, mask = '' } = this.#given;
    const first = warmup < 1 ? warmup * steps : warmup;
    const last = tail < 1 ? tail * steps : tail;
    if (step === 0 || step < first || step >= steps - last) return false;
    if (most > 0 && this.#run >= most) return false;
    return mask[step] !== '1';
  }

  done(reused: boolean): boolean {
    this.#run = reused ? this.#run + 1 : 0;
    return reused;
  }
}

type Compared = Guarded &
  Pick<Rule, 'threshold' | 'tokens'> & {
    /** Told whether what was compared lies below the threshold, whatever guards make of it. */
    readonly saw?: (below: boolean) => void;
  };

/** A threshold that moves towards a wanted share of reuse: its logarithm is the sum of what answers were off. */
export function steered<T extends object>(
  rule: T,
  start: number,
  wanted: number,
): T & Pick<Compared, 'saw'> & { readonly threshold: number } {
  let off = 0;
  return {
    ...rule,
    get threshold() {
      return start * Math.exp(0.7 * off);
    },
    saw(below: boolean) {
      off += wanted - (below ? 1 : 0);
    },
  };
}

/** First Block Cache and DBCache: reuse while the probe is near what it was at the last computed step. */
export class SinceComputed implements Reference {
  readonly #rule: Compared;
  readonly #guard: Guard;
  #reference: readonly Feature[] | undefined;

  constructor(rule: Compared) {
    this.#rule = rule;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const now = await look();
    const value = this.#reference === undefined ? UNMEASURED : change(now, this.#reference, this.#rule);
    const below = value < this.#rule.threshold;
    if (this.#reference !== undefined) this.#rule.saw?.(below);
    const reuse = this.#guard.done(below && this.#guard.allows(step));
    if (!reuse) this.#reference = now;
    return { reuse: [reuse], value };
  }
}

/** TeaCache and FlowCache: changes from step to step are added up until they pass the threshold. */
export class AddedUp implements Reference {
  readonly #rule: Compared & { readonly polynomial?: readonly number[] };
  readonly #guard: Guard;
  #previous: readonly Feature[] | undefined;
  #sum = 0;

  constructor(rule: Compared & { readonly polynomial?: readonly number[] }) {
    this.#rule = rule;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const now = await look();
    const first = this.#previous === undefined;
    const value = this.#previous === undefined ? UNMEASURED : change(now, this.#previous, this.#rule);
    this.#previous = now;
    const degree = (this.#rule.polynomial?.length ?? 0) - 1;
    const estimate = this.#rule.polynomial?.reduce((sum, c, i) => sum + c * value ** (degree - i), 0);
    this.#sum += estimate ?? value;
    const below = this.#sum < this.#rule.threshold;
    if (!first) this.#rule.saw?.(below);
    const reuse = this.#guard.done(below && this.#guard.allows(step));
    if (!reuse) this.#sum = 0;
    return { reuse: [reuse], value };
  }
}

/** EasyCache: looks at the latent and the prediction, in that order. */
export class RateOfChange implements Reference {
  readonly #rule: Compared;
  readonly #guard: Guard;
  #latent: Feature | undefined;
  #computed: { readonly latent: Feature; readonly prediction: Feature } | undefined;
  /** Prediction's change by latent's change, and the prediction's size, once two steps were computed. */
  #known: { readonly rate: number; readonly size: number } | undefined;
  #sum = 0;

  constructor(rule: Compared) {
    this.#rule = rule;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const [latent, prediction] = await look();
    if (latent === undefined || prediction === undefined) throw new Error('latent and prediction are seen');
    const moved = this.#latent === undefined ? 0 : meanOf(latent, this.#latent);
    this.#latent = latent;
    const value = this.#known === undefined ? 0 : (this.#known.rate * moved) / this.#known.size;
    this.#sum += value;
    const below = this.#known !== undefined && this.#sum < this.#rule.threshold;
    const reuse = this.#guard.done(below && this.#guard.allows(step));
    if (!reuse) {
      this.#sum = 0;
      if (this.#computed !== undefined) {
        const rate = meanOf(prediction, this.#computed.prediction) / meanOf(latent, this.#computed.latent);
        this.#known = { rate, size: meanOf(prediction) };
      }
      this.#computed = { latent, prediction };
    }
    return { reuse: [reuse], value };
  }
}

/** AdaCache: the change by step at a computed step looks up in how many steps the next one is due. */
export class Codebook implements Reference {
  readonly #rule: Guarded & Pick<Rule, 'tokens'>;
  readonly #book: readonly (readonly [below: number, rate: number])[];
  readonly #places: number;
  readonly #guard: Guard;
  #reference: readonly Feature[] | undefined;
  #at = 0;
  #next = 0;

  constructor(
    rule: Guarded & Pick<Rule, 'tokens'>,
    book: readonly (readonly [below: number, rate: number])[],
    places: number,
  ) {
    this.#rule = rule;
    this.#book = book;
    this.#places = places;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const reuse = this.#guard.done(step < this.#next && this.#guard.allows(step));
    if (reuse) return { reuse: Array.from({ length: this.#places }, () => true), value: UNMEASURED };
    const now = await look();
    let value = UNMEASURED;
    this.#next = step + 1;
    if (this.#reference !== undefined) {
      value = change(now, this.#reference, this.#rule);
      const perStep = value / (step - this.#at);
      const [, rate = 1] = this.#book.find(([below]) => perStep < below) ?? this.#book.at(-1) ?? [];
      this.#next = step + rate;
    }
    this.#reference = now;
    this.#at = step;
    return { reuse: Array.from({ length: this.#places }, () => false), value };
  }
}

/** AdaCache's motion: what makes frames, and the share of a frame's tokens that is looked at. */
export interface Moving {
  readonly usual: number;
  /** The probe's tokens by frame, [frames, positions, channels]; the batch is one. */
  readonly frames: (probe: Feature) => Feature;
}

/** The codebook on a change that motion and its gradient have scaled, as the published code has it. */
export class MovingCodebook implements Reference {
  readonly #rule: Guarded & Pick<Rule, 'tokens'> & Moving;
  readonly #book: readonly (readonly [below: number, rate: number])[];
  readonly #places: number;
  readonly #guard: Guard;
  #reference: Feature | undefined;
  #at = 0;
  #next = 0;
  #moved = 1;

  constructor(
    rule: Guarded & Pick<Rule, 'tokens'> & Moving,
    book: readonly (readonly [below: number, rate: number])[],
    places: number,
  ) {
    this.#rule = rule;
    this.#book = book;
    this.#places = places;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const all = (flag: boolean): readonly boolean[] => Array.from({ length: this.#places }, () => flag);
    const reuse = this.#guard.done(step < this.#next && this.#guard.allows(step));
    if (reuse) return { reuse: all(true), value: UNMEASURED };
    const [probe] = await look();
    if (probe === undefined) throw new Error('one tensor is looked at');
    const now = everyKth(this.#rule.frames(probe), this.#rule.tokens);
    let value = UNMEASURED;
    this.#next = step + 1;
    if (this.#reference !== undefined) {
      value = meanOf(now, this.#reference) / meanOf(this.#reference);
      const rate = step - this.#at;
      const fwd = step + 1;
      const inside = 0.1 * this.#rule.steps <= fwd && fwd <= 0.9 * this.#rule.steps;
      let moreg = inside ? (motion(now) / this.#rule.usual) ** 8 : 1;
      const mograd = (10 * (moreg - this.#moved)) / rate;
      this.#moved = moreg;
      moreg += Math.abs(mograd);
      const change = (value / rate) * moreg;
      const [, next = 1] = this.#book.find(([below]) => change < below) ?? this.#book.at(-1) ?? [];
      this.#next = step + next;
    }
    this.#reference = now;
    this.#at = step;
    return { reuse: all(false), value };
  }
}

/** The chosen positions of every frame. */
function everyKth({ dims, data }: Feature, tokens: Rule['tokens']): Feature {
  const [frames = 0, positions = 0, channels = 0] = dims;
  const every = stride(positions, tokens);
  const kept: number[] = [];
  for (let frame = 0; frame < frames; frame++)
    for (let position = 0; position < positions; position += every)
      for (let c = 0; c < channels; c++)
        kept.push(data[(frame * positions + position) * channels + c] ?? Number.NaN);
  return { dims: [frames, Math.ceil(positions / every), channels], data: kept };
}

/** Distance of neighbouring frames by their size. */
function motion({ dims: [frames = 0], data }: Feature): number {
  const one = data.length / frames;
  let [apart, size] = [0, 0];
  for (let i = one; i < data.length; i++) {
    const [now, before] = [data[i] ?? Number.NaN, data[i - one] ?? Number.NaN];
    apart += Math.abs(now - before);
    size += Math.abs(now) + Math.abs(before);
  }
  return apart / size;
}

type Ranks = Guarded &
  Pick<Rule, 'tokens' | 'interval'> & {
    readonly ratio: (done: number) => number;
    readonly groups: readonly (readonly number[])[];
  };

/**
 * Sortblock: every so many steps all blocks are computed, and what each adds is compared with what the last two say of the
 * next. The least alike of a group are computed until then, as many as `ratio` says by the share of the steps done.
 */
export class Ranking implements Reference {
  readonly #rule: Ranks;
  readonly #guard: Guard;
  #last: readonly { readonly step: number; readonly residual: Feature }[] | undefined;
  #rests: readonly boolean[] = [];
  #since = 0;

  constructor(rule: Ranks) {
    this.#rule = rule;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const { interval, groups, steps, tokens, ratio } = this.#rule;
    const all = groups.flat();
    const due = !this.#guard.allows(step) || this.#since + 1 >= interval || !this.#rests.includes(true);
    const reuse = all.map((_, block) => !due && this.#rests[block] === true);
    const now = await look(reuse);
    const last = this.#last;
    let value = UNMEASURED;
    this.#since = due ? 0 : this.#since + 1;
    if (due && last !== undefined) {
      const alike = now.map((residual, block) => {
        const before = last[block] ?? { step, residual };
        return likeness(residual, line(residual, before.residual, step - before.step), tokens);
      });
      value = 1 - alike.reduce((sum, x) => sum + x, 0) / alike.length;
      const computed = groups.flatMap(group => {
        const sorted = group.map(block => alike[block] ?? 0).sort((a, b) => a - b);
        const bound = sorted[Math.trunc(group.length * ratio(step / steps))] ?? 1;
        return group.filter(block => (alike[block] ?? 0) <= bound);
      });
      this.#rests = all.map((_, block) => !computed.includes(block));
    }
    this.#last = now.map((residual, block) =>
      reuse[block] === true && last?.[block] ? last[block] : { step, residual },
    );
    this.#guard.done(reuse.every(x => x));
    return { reuse, value };
  }
}

type Own = Compared & {
  readonly places: number;
  /** Times the mean change of the first five. */
  readonly relax?: number;
};

/** What the blocks decide by: what entered each when it was last computed, and how long that is ago. */
class OwnThreshold {
  protected readonly rule: Own;
  readonly #guard: Guard;
  readonly #known: { readonly step: number; readonly entered: Feature }[] = [];

  constructor(rule: Own) {
    this.rule = rule;
    const { most: _, ...others } = rule;
    this.#guard = new Guard(others);
  }

  protected allows(step: number, place: number): boolean {
    const { most = 0 } = this.rule;
    const before = this.#known[place];
    return this.#guard.allows(step) && !(before && most > 0 && step - before.step > most);
  }

  /** What a place changed by, and since when. */
  protected since(
    step: number,
    place: number,
    now: Feature,
  ): { readonly change: number; readonly steps: number } {
    const before = this.#known[place];
    if (before === undefined) return { change: UNMEASURED, steps: 1 };
    return { change: change([now], [before.entered], this.rule), steps: step - before.step };
  }

  protected computed(step: number, place: number, entered: Feature): void {
    this.#known[place] = { step, entered };
  }

  /** The threshold, relaxed where the mean of these changes is large, and not too large. */
  protected limit(changes: readonly number[]): number {
    const { threshold, relax } = this.rule;
    const first = changes.slice(0, 5);
    if (relax === undefined || first.length === 0) return threshold;
    const wide = relax * mean(first);
    return wide < 2 * threshold ? Math.max(wide, threshold) : threshold;
  }
}

/** DBPrune: block after block, on the stream as the blocks before have left it. */
export class BlockByBlock extends OwnThreshold implements Reference {
  async step(step: number, look: Look): Promise<Told> {
    const reuse: boolean[] = [];
    const changes: number[] = [];
    for (let place = 0; place < this.rule.places; place++) {
      const now = (await look(reuse))[place] ?? { dims: [], data: [] };
      const { change: far } = this.since(step, place, now);
      const reused = far < this.limit(changes) && this.allows(step, place);
      reuse.push(reused);
      changes.push(far);
      if (!reused) this.computed(step, place, now);
    }
    return { reuse, value: mean(changes) };
  }
}

/** The same, a step ahead: a block goes on changing as fast as it has since it was computed. */
export class BlocksAhead extends OwnThreshold implements Reference {
  #expected: readonly number[] = [];

  async step(step: number, look: Look): Promise<Told> {
    const { places } = this.rule;
    const expected = this.#expected;
    const reuse = Array.from(
      { length: places },
      (_, i) => (expected[i] ?? UNMEASURED) < this.limit(expected) && this.allows(step, i),
    );
    const all = await look(reuse);
    const seen = all.map((now, i) => this.since(step, i, now));
    this.#expected = seen.map(
      ({ change: far, steps }, i) => (far / steps) * (reuse[i] === true ? steps + 1 : 1),
    );
    for (const [i, now] of all.entries()) if (reuse[i] !== true) this.computed(step, i, now);
    return { reuse, value: mean(seen.map(({ change: far }) => far)) };
  }
}

/** LazyDiT: the score of each branch's gate on the sum over the tokens of what the branch reads. */
export interface Gated extends Guarded {
  readonly threshold: number;
  /** By step and place. */
  readonly weights: readonly (readonly (readonly number[])[])[];
  readonly bias?: readonly (readonly number[])[];
  /** The paper's score is high where a branch may be lazy, that of its code where it must work. */
  readonly lazy: boolean;
}

function score({ weights, bias, lazy }: Gated, step: number, place: number, { data }: Feature): number {
  const gate = weights[step]?.[place] ?? [];
  let logit = bias?.[step]?.[place] ?? 0;
  for (let i = 0; i < data.length; i++)
    logit += (data[i] ?? Number.NaN) * (gate[i % gate.length] ?? Number.NaN);
  const learned = 1 / (1 + Math.exp(-logit));
  return lazy ? 1 - learned : learned;
}

/** Branch after branch, each on what it reads. */
export class GateByGate implements Reference {
  readonly #rule: Gated;
  readonly #guard: Guard;

  constructor(rule: Gated) {
    this.#rule = rule;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const allowed = this.#guard.allows(step);
    const reuse: boolean[] = [];
    const scores: number[] = [];
    for (const place of this.#rule.weights[step]?.keys() ?? []) {
      const now = (await look(reuse))[place] ?? { dims: [], data: [] };
      scores.push(score(this.#rule, step, place, now));
      reuse.push(allowed && (scores.at(-1) ?? 1) < this.#rule.threshold);
    }
    return { reuse, value: mean(scores) };
  }
}

/** The gates of the next step on what this one reads. */
export class GatesAhead implements Reference {
  readonly #rule: Gated;
  readonly #guard: Guard;
  #scores: readonly number[] = [];

  constructor(rule: Gated) {
    this.#rule = rule;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const allowed = this.#guard.allows(step);
    const reuse = this.#scores.map(x => allowed && x < this.#rule.threshold);
    const places = this.#rule.weights[0]?.length ?? 0;
    const all = Array.from({ length: places }, (_, i) => reuse[i] === true);
    const next = Math.min(step + 1, this.#rule.weights.length - 1);
    this.#scores = (await look(all)).map((now, place) => score(this.#rule, next, place, now));
    return { reuse: all, value: mean(this.#scores) };
  }
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}

/** One step further on the straight line through two features. */
function line(now: Feature, before: Feature, gap: number): Feature {
  const data = Float64Array.from(now.data, (x, i) => x + (x - (before.data[i] ?? Number.NaN)) / gap);
  return { dims: now.dims, data };
}

/** Cosine of the tokens that are looked at. */
function likeness(a: Feature, b: Feature, tokens: Rule['tokens']): number {
  const [, count = 0, channels = 0] = a.dims;
  const every = stride(count, tokens);
  const dot = (x: Feature, y: Feature): number => {
    let sum = 0;
    for (let i = 0; i < count * channels; i++)
      if (Math.floor(i / channels) % every === 0)
        sum += (x.data[i] ?? Number.NaN) * (y.data[i] ?? Number.NaN);
    return sum;
  };
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** MixCache: the change between two whole steps picks, as a share of the threshold, the channels that reuse in between. */
export class Graded implements Reference {
  readonly #rule: Compared & { readonly interval: number };
  readonly #ranges: readonly (readonly [from: number, to: number])[];
  readonly #guard: Guard;
  #reference: readonly Feature[] | undefined;
  #grade = Number.POSITIVE_INFINITY;
  #since = 0;

  /** A range for each place. */
  constructor(
    rule: Compared & { readonly interval: number },
    ranges: readonly (readonly [from: number, to: number])[],
  ) {
    this.#rule = rule;
    this.#ranges = ranges;
    this.#guard = new Guard(rule);
  }

  async step(step: number, look: Look): Promise<Told> {
    const allowed = this.#since + 1 < this.#rule.interval && this.#guard.allows(step);
    const reuse = this.#ranges.map(([from, to]) => allowed && this.#grade >= from && this.#grade < to);
    if (reuse.includes(true)) {
      this.#since++;
      return { reuse, value: UNMEASURED };
    }
    const now = await look();
    const value = this.#reference === undefined ? UNMEASURED : change(now, this.#reference, this.#rule);
    const perStep = value / (this.#since + 1);
    this.#grade = this.#reference === undefined ? Number.POSITIVE_INFINITY : perStep / this.#rule.threshold;
    this.#reference = now;
    this.#since = 0;
    return { reuse, value };
  }
}

/** Methods that never look: by place and step. */
export class Table implements Reference {
  readonly #reuses: (step: number) => readonly boolean[];
  readonly #guard: Guard;

  constructor(guarded: Guarded, reuses: (step: number) => readonly boolean[]) {
    this.#reuses = reuses;
    this.#guard = new Guard(guarded);
  }

  step(step: number): Promise<Told> {
    const allowed = this.#guard.allows(step);
    const reuse = this.#reuses(step).map(wanted => wanted && allowed);
    this.#guard.done(reuse.every(x => x));
    return Promise.resolve({ reuse, value: UNMEASURED });
  }
}

/** A table, until the probes change by more than the threshold times what was expected of the step. */
export class Watched implements Reference {
  readonly #rule: Compared;
  readonly #table: readonly boolean[];
  readonly #expected: readonly number[];
  #previous: readonly Feature[] | undefined;
  #departed = false;

  constructor(rule: Compared, table: readonly boolean[], expected: readonly number[]) {
    this.#rule = rule;
    this.#table = table;
    this.#expected = expected;
  }

  async step(step: number, look: Look): Promise<Told> {
    const now = await look();
    const value = this.#previous === undefined ? UNMEASURED : change(now, this.#previous, this.#rule);
    if (this.#previous !== undefined && value >= this.#rule.threshold * (this.#expected[step] ?? 0))
      this.#departed = true;
    this.#previous = now;
    return { reuse: [this.#table[step] === false && !this.#departed], value };
  }
}

/** A table, while computed steps are near what the line through the two before them would have made of them. */
export class Tested implements Reference {
  readonly #threshold: number;
  readonly #reuses: (step: number) => boolean;
  readonly #line = new Trapezoid();
  #off = 0;

  constructor(threshold: number, reuses: (step: number) => boolean) {
    this.#threshold = threshold;
    this.#reuses = reuses;
  }

  async step(step: number, look: Look): Promise<Told> {
    if (step > 0 && this.#off < this.#threshold && this.#reuses(step))
      return { reuse: [true], value: UNMEASURED };
    const [found] = await look();
    if (found === undefined) throw new Error('the prediction is looked at');
    const expected = this.#line.line(step);
    const value =
      expected === undefined ? UNMEASURED : change([flat(expected)], [flat(found)], { tokens: undefined });
    this.#line.computed(step, found);
    if (expected !== undefined) this.#off = value;
    return { reuse: [false], value };
  }
}

/** One row of a sample of one. */
function flat({ data }: Feature): Feature {
  return { dims: [1, 1, data.length], data };
}

/** The mean over all tokens in the place of the tokens. */
export function pooled({ dims: [batch = 0, tokens = 0, channels = 0], data }: Feature): Feature {
  const mean = new Float64Array(batch * channels);
  for (let i = 0; i < batch * tokens * channels; i++) {
    const at = Math.floor(i / (tokens * channels)) * channels + (i % channels);
    mean[at] = (mean[at] ?? 0) + (data[i] ?? Number.NaN) / tokens;
  }
  return { dims: [batch, 1, channels], data: mean };
}

/** Mean size of the elements, or of their difference. */
function meanOf(a: Feature, b?: Feature): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs((a.data[i] ?? Number.NaN) - (b?.data[i] ?? 0));
  return sum / a.data.length;
}
