import { z } from 'zod';
import type { Method } from '../methods/index.js';
import { type Column, table } from './table.js';
import { type Screen, wrap } from './text.js';

export interface OptionFacts {
  readonly name: string;
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
  /** Whether it takes its tables from a calibration: always, or when; null where it does not. */
  readonly calibration: string | null;
  readonly options: readonly OptionFacts[];
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
  const { name, title, source, summary, calibration = null, options } = method;
  const schema = z.toJSONSchema(options, { io: 'input', unrepresentable: 'any' });
  const properties = z.record(z.string(), propertySchema).parse(schema.properties ?? {});
  const defaults: Readonly<Record<string, unknown>> = options.parse({});
  return {
    name,
    title,
    source,
    summary,
    calibration,
    options: Object.entries(properties).map(([key, property]) => ({
      name: key,
      default: defaults[key],
      accepts: accepts(property),
      description: property.description ?? '',
    })),
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
  const rows = methods.map(m => [m.name, m.title, m.source, m.options.map(o => o.name).join(', ')]);
  const columns: readonly Column[] = [
    { head: 'method' },
    { head: 'title' },
    { head: 'from', gives: 'lines' },
    { head: 'options', gives: 'lines' },
  ];
  return `${table(columns, rows, screen)}\n  bwc methods NAME says what a method does and explains its options.\n`;
}

export function methodText(method: MethodFacts, screen: Screen): string {
  const rows = method.options.map(o => [o.name, valueText(o.default), o.accepts, o.description]);
  const columns: readonly Column[] = [
    { head: 'option' },
    { head: 'default', align: 'right' },
    { head: 'accepts', gives: 'lines' },
    { head: 'what it does', gives: 'lines' },
  ];
  const head = `${screen.paint('bold', method.name)}  ${method.title} (${method.source})`;
  const summary = wrap(method.summary, Math.min(screen.width, 100) - 2).map(line => `  ${line}\n`);
  if (method.calibration !== null) summary.push(`\n  Calibration: ${method.calibration}.\n`);
  return `${head}\n\n${summary.join('')}\n${table(columns, rows, screen)}`;
}

function valueText(value: unknown): string {
  return typeof value === 'number' ? String(Number(value.toPrecision(6))) : String(value);
}
