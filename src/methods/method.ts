import { z } from 'zod';
import { refuse } from '../diagnostics/index.js';

/** What is compared to tell whether features have changed. */
export interface Probe {
  /** The blocks' outputs, or what their first attention reads (normalised and modulated). */
  readonly tensor: 'block-output' | 'attention-input';
  /** Which blocks, by a share spread evenly over the region (1 = all) or by index. */
  readonly blocks: number | readonly number[];
  readonly tokens: TokenSampling;
}

/** Which tokens of a probed tensor are looked at. */
export type TokenSampling =
  | { readonly kind: 'full' }
  | { readonly kind: 'pooled' }
  /** Every k-th token, k odd: at most `share` of them and at most about `most` in number. */
  | { readonly kind: 'strided'; readonly share: number; readonly most: number };

/** How two probes are compared: mean |new - old| / mean |denominator|, per sample and block. */
export interface Metric {
  readonly kind: 'relative-l1';
  readonly denominator: 'older' | 'newer';
}

/** A measurement that writes the schedule of the coming steps (design: state machine 4). */
export interface TriggerDecision {
  readonly kind: 'trigger';
  /** Fires when the mean over probed blocks is below. 0 never fires. */
  readonly threshold: number;
  /** Once fired, the rest of the run is fixed; otherwise every computed step is measured and may fire or not. */
  readonly once: boolean;
  /** Reused steps after each computed one: a number of steps, or below 1 a share of all steps. */
  readonly interval: number;
  /** Steps computed at the end: a number of steps, or below 1 a share of the step at which it first fired. */
  readonly tail: number;
}

export type Decision = TriggerDecision;

/** What stands in for the skipped region: its cached output, or its cached residual on the fresh input. */
export type ReuseRule = 'output' | 'residual';

/** A method as data: what the plan and the passes work from. */
export interface Design {
  /** What is skipped as one. `stack`: all blocks. */
  readonly region: 'stack';
  readonly probe: Probe;
  readonly metric: Metric;
  readonly decision: Decision;
  readonly reuse: ReuseRule;
}

/** A caching method. Adding one is adding one file and one line in the list. */
export interface Method<S extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** One paragraph for `bwc methods NAME`. */
  readonly summary: string;
  /** Options with defaults and descriptions. */
  readonly options: S;
  readonly design: (options: z.output<S>) => Design;
}

/** Types a declaration; the list holds methods of any options. */
export function defineMethod<S extends z.ZodObject>(method: Method<S>): Method {
  return method as unknown as Method;
}

export interface ConfiguredMethod {
  readonly method: Method;
  readonly options: Readonly<Record<string, unknown>>;
  readonly design: Design;
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
  return { method, options: parsed.data, design: method.design(parsed.data) };
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
};

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
