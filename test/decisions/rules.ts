/**
 * The two methods' rules on recorded features, in plain loops: written from the paper's equations 5 to 8 and from
 * the description of the released code, and sharing nothing with the compiler.
 */

/** One probed tensor of a step, `[batch, tokens, channels]` in row-major order. */
export interface Feature {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** One tensor per block. */
export type Features = readonly Feature[];

export interface Rule {
  readonly steps: number;
  readonly threshold: number;
  /** At least 1: so many steps; below 1: a share of all steps. */
  readonly interval: number;
  /** Largest share and number of tokens that are looked at; undefined: all tokens. */
  readonly tokens: { readonly share: number; readonly samples: number } | undefined;
}

export interface Observed {
  /** Mean relative change; absent where the rule does not measure. */
  readonly value?: number;
}

/** A method's rule, asked once per step in turn. */
export interface Decider {
  reuses(step: number): boolean;
  /** Tells what the blocks held at a computed step. */
  computed(step: number, features: Features): Observed;
}

/** The paper: every computed step is measured against the computed step before it. */
export class PaperRule implements Decider {
  readonly #rule: Rule;
  #reference: Features | undefined;
  #firstTrigger: number | undefined;
  #similar = false;
  #inARow = 0;

  constructor(rule: Rule) {
    this.#rule = rule;
  }

  reuses(step: number): boolean {
    const tail = this.#firstTrigger === undefined ? 0 : Math.floor(this.#firstTrigger / 2);
    const reuse = this.#similar && this.#inARow < interval(this.#rule) && step < this.#rule.steps - tail;
    if (reuse) this.#inARow++;
    return reuse;
  }

  computed(step: number, features: Features): Observed {
    const before = this.#reference;
    this.#reference = features;
    this.#inARow = 0;
    this.#similar = false;
    if (before === undefined) return {};
    const value = change(features, before, this.#rule);
    this.#similar = value < this.#rule.threshold;
    if (this.#similar) this.#firstTrigger ??= step;
    return { value };
  }
}

/** The released code: the first similar step writes the schedule of all steps after it. */
export class CodeRule implements Decider {
  readonly #rule: Rule;
  readonly #schedule: boolean[];
  #written = false;
  #reference: Features | undefined;

  constructor(rule: Rule) {
    this.#rule = rule;
    this.#schedule = Array.from({ length: rule.steps }, () => false);
  }

  reuses(step: number): boolean {
    return this.#schedule[step] ?? false;
  }

  computed(step: number, features: Features): Observed {
    if (this.#written) return {};
    const before = this.#reference;
    this.#reference = features;
    if (before === undefined) return {};
    const value = change(features, before, this.#rule);
    if (value < this.#rule.threshold) this.#write(step);
    return { value };
  }

  #write(trigger: number): void {
    const { steps } = this.#rule;
    const period = interval(this.#rule) + 1;
    for (let s = trigger + 1; s < steps; s++) this.#schedule[s] = (s - trigger) % period !== 0;
    const tail = Math.trunc(trigger * 0.5);
    if (tail > 0) this.#schedule.fill(false, steps - tail);
    this.#written = true;
  }
}

function interval({ interval: given, steps }: Rule): number {
  return given >= 1 ? given : Math.max(1, Math.round(given * steps));
}

/** Mean over blocks of mean|new - old| / mean|old|, for the sample of the batch that changed most. */
export function change(now: Features, before: Features, rule: Pick<Rule, 'tokens'>): number {
  const batch = now[0]?.dims[0] ?? 0;
  let worst = Number.NEGATIVE_INFINITY;
  for (let sample = 0; sample < batch; sample++) {
    let sum = 0;
    now.forEach((feature, block) => {
      const old = before[block];
      if (old === undefined) throw new Error(`no feature of block ${block}`);
      sum += relativeL1(feature, old, sample, rule);
    });
    worst = Math.max(worst, sum / now.length);
  }
  return worst;
}

function relativeL1(now: Feature, before: Feature, sample: number, { tokens }: Pick<Rule, 'tokens'>): number {
  const nothing = { dims: before.dims, data: new Float64Array(before.data.length) };
  return distanceOf(now, before, sample, tokens) / distanceOf(before, nothing, sample, tokens);
}

/** Every how many tokens one is looked at. */
export function stride(count: number, tokens: Rule['tokens']): number {
  return tokens
    ? 2 * Math.max(Math.floor(0.5 / tokens.share), Math.floor(count / (2 * tokens.samples))) + 1
    : 1;
}

/** Sum of |a - b| over the tokens of a sample that are looked at. */
export function distanceOf(a: Feature, b: Feature, sample: number, tokens: Rule['tokens']): number {
  const [, count = 0, channels = 0] = a.dims;
  const every = stride(count, tokens);
  let sum = 0;
  for (let token = 0; token < count; token += every) {
    const start = (sample * count + token) * channels;
    for (let i = start; i < start + channels; i++)
      sum += Math.abs((a.data[i] ?? Number.NaN) - (b.data[i] ?? Number.NaN));
  }
  return sum;
}
