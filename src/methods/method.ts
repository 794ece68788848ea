import { z } from 'zod';
import { refuse } from '../diagnostics/index.js';
import type { Design, Reuse, TokenSampling } from './design.js';
import type { ModelFacts } from './facts.js';
import type { Presets } from './presets.js';

/** A caching method. Adding one is adding one file and one line in the list. */
export interface Method<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** One paragraph for `bwc methods NAME`. */
  readonly summary: string;
  /** Whether it takes its tables from a calibration: always, or when. */
  readonly calibration?: string;
  /** Options with defaults and descriptions. */
  readonly options: S;
  /** Settings that were published for well-known models. */
  readonly presets?: Presets;
  /** What it does to a model. Refuses when the model does not suit it. */
  readonly design: (options: z.output<S>, facts: ModelFacts) => Design;
}

/** Types a declaration; the list holds methods of any options. */
export function defineMethod<S extends z.ZodObject>(method: Method<S>): Method {
  return method as unknown as Method;
}

/** Whether a value is a method that `defineMethod` could have made. */
export function isMethod(value: unknown): value is Method {
  return methodShape.safeParse(value).success;
}

const methodShape = z.object({
  name: z.string(),
  title: z.string(),
  source: z.string(),
  summary: z.string(),
  options: z.custom(
    schema => typeof schema === 'object' && schema !== null && 'safeParse' in schema && 'shape' in schema,
  ),
  design: z.custom(design => typeof design === 'function'),
});

export interface ConfiguredMethod {
  readonly method: Method;
  readonly options: Readonly<Record<string, unknown>>;
  /** The same with other defaults: what was given stays. */
  readonly over: (defaults: Readonly<Record<string, unknown>>) => ConfiguredMethod;
  readonly design: (facts: ModelFacts) => Design;
}

/** Applies options given as text or values; refuses unknown ones (BWC302) and bad values (BWC303). */
export function configure(method: Method, given: Readonly<Record<string, unknown>>): ConfiguredMethod {
  const known = Object.keys(method.options.shape);
  for (const name of Object.keys(given)) {
    if (!known.includes(name)) refuse('BWC302', { method: method.name, name, known: known.join(', ') });
  }
  const parsed = method.options.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const name = String(issue?.path[0] ?? '?');
    refuse('BWC303', { name, value: String(given[name]), reason: issue?.message ?? 'not accepted' });
  }
  return {
    method,
    options: parsed.data,
    over: defaults => configure(method, { ...defaults, ...given }),
    design: facts => method.design(parsed.data, facts),
  };
}

/** Options that several methods share, written once. */
export const shared = {
  threshold: (fallback: number) =>
    z.coerce
      .number()
      .min(0)
      .default(fallback)
      .describe('reuse starts when the mean change is below; 0 never reuses'),
  blocks: z
    .union([
      z.coerce.number().gt(0).max(1),
      z
        .string()
        .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/, 'a share in (0, 1] or a list such as 0-5,8')
        .transform(parseList),
    ])
    .default(1)
    .describe('blocks that are looked at: a share spread evenly, or a list such as 0-5,8'),
  tokens: z
    .enum(['strided', 'full', 'pooled'])
    .default('strided')
    .describe('tokens that are looked at: every k-th, all, or their mean'),
  share: z.coerce
    .number()
    .gt(0)
    .max(1)
    .default(1 / 16)
    .describe('strided: largest share of the tokens'),
  samples: z.coerce
    .number()
    .int()
    .positive()
    .default(16)
    .describe('strided: about the largest number of tokens a block'),
  limit: (fallback: number, what: string) => z.coerce.number().min(0).default(fallback).describe(what),
  warmup: (fallback: number) => steps(fallback, 'first steps that are computed'),
  tail: (fallback: number) => steps(fallback, 'last steps that are computed'),
  most: (fallback: number) =>
    z.coerce.number().int().min(0).default(fallback).describe('most steps reused in a row; 0 sets no limit'),
  interval: (fallback: number) =>
    z.coerce.number().int().positive().default(fallback).describe('one step in so many is computed'),
  wanted: z.coerce
    .number()
    .min(0)
    .lt(1)
    .default(0)
    .describe(
      'share of the steps to reuse: the threshold moves towards it, from step to step; 0 leaves it where it is',
    ),
  order: (fallback: number) =>
    z.coerce
      .number()
      .int()
      .min(0)
      .max(3)
      .default(fallback)
      .describe('what is reused is extrapolated by a Taylor expansion of this order; 0 takes it as it was'),
};

function steps(fallback: number, what: string) {
  return z.coerce.number().min(0).default(fallback).describe(`${what}; below 1 a share of all steps`);
}

/** A text that is read from a file, and so long that a manifest says its length alone. */
export function imported(what: string) {
  return z
    .string()
    .default('')
    .transform(text => new Imported(text))
    .describe(what);
}

class Imported {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): string {
    return `${this.text.length} characters`;
  }

  toString(): string {
    return this.text;
  }
}

/** Indices as a list of numbers and ranges; none by default. */
export function indices(what: string) {
  return z
    .string()
    .regex(/^(\d+(-\d+)?(,\d+(-\d+)?)*)?$/, 'a list such as 0-5,8')
    .default('')
    .transform(text => (text === '' ? [] : parseList(text)))
    .describe(what);
}

/** Numbers separated by commas. */
export function list(what: string) {
  return z
    .string()
    .regex(/^(-?[\d.]+(e-?\d+)?)?(,-?[\d.]+(e-?\d+)?)*$/i, 'numbers separated by commas')
    .default('')
    .transform(text => (text === '' ? [] : text.split(',').map(Number)))
    .describe(what);
}

/** Lengths of a grid's axes; undefined where none is said. */
export function grid(what: string) {
  return z
    .string()
    .regex(/^(\d+(x\d+){1,2})?$/, 'lengths of two or three axes, such as 32x32')
    .default('')
    .transform(text => (text === '' ? undefined : text.split('x').map(Number)))
    .describe(what);
}

/** Reuse of the last computed step, or its expansion. */
export function reuseOf(of: Reuse['of'], order: number): Reuse {
  return order === 0 ? { of } : { of, weights: { kind: 'taylor', order } };
}

export function tokenSampling(
  kind: 'strided' | 'full' | 'pooled',
  share: number,
  most: number,
): TokenSampling {
  return kind === 'strided' ? { kind, share, most } : { kind };
}

function parseList(text: string): readonly number[] {
  return text.split(',').flatMap(part => {
    const [from = 0, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
