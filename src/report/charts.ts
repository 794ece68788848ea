import { z } from 'zod';
import { UNIT } from '../methods/calibration.js';
import type { Calibration } from '../methods/index.js';

/** A picture as SVG text, in the colour of the text around it, readable on light and on dark. */
export type Svg = string;

const CONFIG = {
  background: 'transparent',
  view: { stroke: null },
  axis: {
    labelColor: 'currentColor',
    titleColor: 'currentColor',
    domainColor: 'currentColor',
    tickColor: 'currentColor',
    gridOpacity: 0.2,
  },
  legend: { labelColor: 'currentColor', titleColor: 'currentColor' },
  text: { color: 'currentColor' },
} as const;

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';

type Row = Readonly<Record<string, string | number | boolean | null>>;

interface Chart {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly width: number;
  readonly height: number;
  /** The rest of a Vega-Lite specification: mark and encoding, or layers. */
  readonly spec: Readonly<Record<string, unknown>>;
}

/** Draws a chart. Loads the chart library. */
async function draw({ title, rows, spec, width, height }: Chart): Promise<Svg> {
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const whole = {
    $schema: SCHEMA,
    description: title,
    config: CONFIG,
    data: { values: rows },
    width,
    height,
    ...spec,
  };
  const view = new vega.View(vega.parse(compile(whole as Parameters<typeof compile>[0]).spec), {
    renderer: 'none',
  });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** Mean relative L1 of each block's output to the step before, as the papers draw it. */
function changes({ blocks, sampler, samples }: Calibration): Row[] {
  return blocks.flatMap((block, index) => {
    const older = block.streams[0]?.older ?? block.branches[0]?.change.older ?? [];
    return Array.from({ length: sampler.steps - 1 }, (_, i): Row => {
      const sum = older[i + 1]?.[0] ?? 0;
      return { block: index, step: i + 1, change: (sum * UNIT) / samples.length };
    });
  });
}

/** The change of every block at every step, as a heat map. */
export function changeHeatMap(calibration: Calibration): Promise<Svg> {
  return draw({
    title: 'Change of every block at every step',
    rows: changes(calibration),
    width: 640,
    height: Math.max(120, 14 * calibration.blocks.length),
    spec: {
      mark: 'rect',
      encoding: {
        x: { field: 'step', type: 'ordinal', axis: { title: 'step', labelOverlap: true, labelAngle: 0 } },
        y: { field: 'block', type: 'ordinal', axis: { title: 'block' } },
        color: {
          field: 'change',
          type: 'quantitative',
          scale: { scheme: 'viridis' },
          legend: { title: 'relative L1' },
        },
      },
    },
  });
}

/** The same as curves over the steps, one a block: the U shape. */
export function changeCurves(calibration: Calibration): Promise<Svg> {
  return draw({
    title: 'Change of each block over the steps',
    rows: changes(calibration),
    width: 640,
    height: 220,
    spec: {
      mark: { type: 'line', strokeWidth: 1.5 },
      encoding: {
        x: { field: 'step', type: 'quantitative', axis: { title: 'step' } },
        y: { field: 'change', type: 'quantitative', axis: { title: 'relative L1 to the step before' } },
        color: {
          field: 'block',
          type: 'quantitative',
          scale: { scheme: 'viridis' },
          legend: { title: 'block' },
        },
      },
    },
  });
}

/** A compiled model's place between speed and fidelity. */
const pointSchema = z.object({
  method: z.string(),
  /** Options that differ from the defaults. */
  set: z.string(),
  /** Steps by computed steps. */
  ideal: z.number(),
  /** In decibel; null where the results are equal. */
  psnr: z.number().nullable(),
});

/** What `npm run frontier` writes, as far as it is drawn. */
export const frontierSchema = z.object({ lines: z.array(pointSchema).min(1) });

export type FrontierPoint = z.infer<typeof pointSchema>;

/** Speed-up against fidelity, a line a method. */
export function frontierChart(points: readonly FrontierPoint[], across: string): Promise<Svg> {
  const rows = points
    .filter(p => p.psnr !== null)
    .map(({ method, set, ideal, psnr }): Row => ({ method, set, ideal, psnr }));
  const encoding = {
    x: { field: 'ideal', type: 'quantitative', scale: { zero: false }, axis: { title: across } },
    y: {
      field: 'psnr',
      type: 'quantitative',
      scale: { zero: false },
      axis: { title: 'PSNR to the original, dB' },
    },
    color: { field: 'method', type: 'nominal', scale: { scheme: 'tableau20' }, legend: { title: 'method' } },
  };
  return draw({
    title: 'Speed-up against fidelity',
    rows,
    width: 560,
    height: 380,
    spec: {
      layer: [
        { mark: { type: 'line', strokeWidth: 1.2, opacity: 0.6 }, encoding },
        {
          mark: { type: 'point', filled: true },
          encoding: {
            ...encoding,
            shape: { field: 'method', type: 'nominal', legend: { title: 'method' } },
            size: { value: 50 },
          },
        },
      ],
    },
  });
}
