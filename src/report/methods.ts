import { z } from 'zod';
import { Refusal } from '../diagnostics/index.js';
import {
  configure,
  copiesOf,
  type Decision,
  type Design,
  type Method,
  type ModelFacts,
  memoryOf,
  type Presets,
} from '../methods/index.js';
import { DECIDES } from './decision.js';
import { type Column, pairs, table } from './table.js';
import { plural, type Screen, wrap } from './text.js';

export interface OptionFacts {
  readonly name: string;
  /** Null where there is none: what is left out then follows from the model. */
  readonly default: unknown;
  /** What is accepted, in words. */
  readonly accepts: string;
  readonly description: string;
}

export interface MethodFacts {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  readonly summary: string;
  /** Kind of its decision with default options; null where a calibration or an option must say. */
  readonly decision: Decision['kind'] | null;
  /** Copies from the device that a step waits for, to decide. */
  readonly copies: number;
  /** Regions that are skipped, and tensors kept for them, in a model of 28 blocks of attention and feed-forward. */
  readonly regions: number | null;
  readonly tensors: number | null;
  /** Whether it takes tables from a calibration: always, or when; null where never. */
  readonly calibration: string | null;
  readonly options: readonly OptionFacts[];
  /** Settings that were published for well-known models. */
  readonly presets: Presets;
}

/** The model that a method's cost is told of: as many blocks as DiT-XL. */
const NOMINAL: ModelFacts = {
  steps: 30,
  blocks: Array.from({ length: 28 }, () => ({
    group: 0,
    branches: [{ kind: 'self-attention', open: true }, { kind: 'feed-forward' }],
  })),
};

function channelsOf({ regions }: Design): number {
  return new Set(regions.map(({ channel = 0 }) => channel)).size;
}

/** What the method does to the nominal model with default options, if it can be told. */
function nominalDesign(method: Method): Design | undefined {
  try {
    return configure(method, {}).design(NOMINAL);
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/** What JSON Schema says of one option, as far as it is shown. */
const propertySchema = z.object({
  description: z.string().optional(),
  type: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  pattern: z.string().optional(),
  minimum: z.number().optional(),
  exclusiveMinimum: z.number().optional(),
  maximum: z.number().optional(),
  exclusiveMaximum: z.number().optional(),
  get anyOf(): z.ZodOptional<z.ZodArray<typeof propertySchema>> {
    return z.array(propertySchema).optional();
  },
});

type Property = z.infer<typeof propertySchema>;

export function methodFacts(method: Method): MethodFacts {
  const { name, title, source, summary, calibration = null, options, presets = {} } = method;
  const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const properties = z.record(z.string(), propertySchema).parse(schema.properties ?? {});
  const defaults: Readonly<Record<string, unknown>> = options.parse({});
  const design = nominalDesign(method);
  return {
    name,
    title,
    source,
    summary,
    decision: design?.decision.kind ?? null,
    copies: design ? copiesOf(design.decision, channelsOf(design)) : 0,
    regions: design?.regions.length ?? null,
    tensors: design?.regions.reduce((sum, { reuse }) => sum + memoryOf(reuse), 0) ?? null,
    calibration,
    options: Object.entries(properties).map(([key, property]) => ({
      name: key,
      default: defaults[key] ?? null,
      accepts: accepts(property),
      description: property.description ?? '',
    })),
    presets,
  };
}

function accepts(p: Property): string {
  if (p.anyOf !== undefined) return p.anyOf.map(accepts).join(' or ');
  if (p.enum !== undefined) return p.enum.map(String).join(', ');
  if (p.type === 'string') return 'text';
  const noun = p.type === 'integer' ? 'whole number' : (p.type ?? 'value');
  const low =
    p.exclusiveMinimum !== undefined
      ? `> ${p.exclusiveMinimum}`
      : p.minimum === undefined
        ? ''
        : `≥ ${p.minimum}`;
  const most = p.maximum !== undefined && p.maximum < Number.MAX_SAFE_INTEGER ? `≤ ${p.maximum}` : '';
  const high = p.exclusiveMaximum === undefined ? most : `< ${p.exclusiveMaximum}`;
  const bounds = [low, high].filter(part => part !== '').join(', ');
  return bounds === '' ? noun : `${noun} ${bounds}`;
}

export function methodListText(methods: readonly MethodFacts[], screen: Screen): string {
  const rows = methods.map(m => [
    m.name,
    m.title,
    `${m.decision === null ? 'table' : BRIEFLY[m.decision]}${m.copies > 0 ? ' *' : ''}`,
    m.tensors === null ? '' : `${m.tensors}`,
    m.calibration ?? '',
  ]);
  const columns: readonly Column[] = [
    { head: 'method' },
    { head: 'title', gives: 'lines' },
    { head: 'decides' },
    { head: 'keeps', align: 'right' },
    { head: 'calibration', gives: 'lines' },
  ];
  const notes = [
    'keeps: tensors of a model with 28 blocks of attention and feed-forward.',
    '*: decides within the step, which waits for one copy from the device.',
    'bwc methods NAME says what a method does and explains its options.',
  ];
  return `${table(columns, rows, screen)}\n${notes.map(note => `  ${note}\n`).join('')}`;
}

const BRIEFLY: Readonly<Record<Decision['kind'], string>> = {
  trigger: 'measurement',
  countdown: 'measurement',
  schedule: 'table',
  watched: 'table',
  tested: 'table',
  threshold: 'comparison',
  accumulate: 'change sum',
  rate: 'change sum',
  ranked: 'ranking',
  each: 'comparison',
  'each-ahead': 'comparison',
  graded: 'measurement',
};

function decidesText({ decision, copies, calibration }: MethodFacts): string {
  const unknown = calibration === null ? 'what is imported' : 'a table';
  const text = decision === null ? unknown : DECIDES[decision];
  return copies === 0 ? text : `${text}; ${plural(copies, 'copy', 'copies')} from the device`;
}

function keepsText({ regions, tensors }: MethodFacts): string {
  if (regions === null || tensors === null) return 'as that says';
  return tensors === 1 ? '1 tensor' : `${tensors} tensors`;
}

/** Characters that a line of accepted values holds. */
const ACCEPTS = 36;

export function methodText(method: MethodFacts, screen: Screen): string {
  const rows = method.options.map(o => [
    o.name,
    o.default === null ? '' : valueText(o.default),
    wrap(o.accepts, ACCEPTS).join('\n'),
    o.description,
  ]);
  const columns: readonly Column[] = [
    { head: 'option' },
    { head: 'default', align: 'right' },
    { head: 'accepts', gives: 'lines' },
    { head: 'what it does', gives: 'lines' },
  ];
  const head = `${screen.paint('bold', method.name)}  ${method.title} (${method.source})`;
  const summary = wrap(method.summary, Math.min(screen.width, 100) - 2).map(line => `  ${line}\n`);
  const facts = [
    ['decides', decidesText(method)],
    [
      'keeps',
      `${keepsText(method)}${method.regions === null ? '' : `, for ${plural(method.regions, 'region')}, of 28 blocks`}`,
    ],
    ...(method.calibration === null ? [] : [['calibration', method.calibration]]),
  ] as [string, string][];
  return `${head}\n\n${summary.join('')}\n${pairs(facts, screen)}\n${table(columns, rows, screen)}${presetText(method.presets, screen)}`;
}

/** Settings by model, as `--preset` takes them. */
function presetText(presets: Presets, screen: Screen): string {
  const rows = Object.entries(presets).map(([model, settings]) => [model, settingsText(settings)]);
  if (rows.length === 0) return '';
  return `\n${table([{ head: 'preset' }, { head: 'settings', gives: 'lines' }], rows, screen)}`;
}

/** Settings as `--set` takes them. */
export function settingsText(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function valueText(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}
