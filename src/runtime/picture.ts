import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PNG } from 'pngjs';
import { reasonOf, refuse } from '../diagnostics/index.js';
import { greyOf, rangeOf } from './fidelity.js';
import { type Plane, planesOf } from './planes.js';
import type { ProfileData } from './profile.js';
import { fromNumbers, type HostTensor, numbersOf } from './tensors.js';

export interface PictureOptions {
  /** Axes and range; by rank and from the original's own values where left out. */
  readonly display?: ProfileData['display'];
  /** Adds a row with |difference| times this. */
  readonly difference?: number;
  /** Pixels a value takes in each direction; by default enough for frames of about 64 pixels. */
  readonly scale?: number;
  /** Most frames shown, evenly chosen; default 16. */
  readonly frames?: number;
}

export interface Picture {
  readonly path: string;
  readonly width: number;
  readonly height: number;
}

type Rgb = readonly [number, number, number];
type Row = readonly ((x: number, y: number) => Rgb)[];

const MARGIN = 4;
const BACKGROUND: Rgb = [32, 32, 36];

/**
 * Writes a PNG of the first sample's frames: a row of the original above one of the compiled model. Three channels
 * are shown as colours, of any other number the first one in grey.
 * @throws Refusal BWC106 when the file cannot be written
 */
export function writePicture(
  path: string,
  original: HostTensor,
  compiled: HostTensor,
  options: PictureOptions = {},
): Picture {
  const axes = options.display?.axes;
  const range = options.display?.range ?? rangeOf(original);
  const tensors: [HostTensor, readonly [number, number]][] = [
    [original, range],
    [compiled, range],
  ];
  if (options.difference !== undefined) {
    const a = numbersOf(original);
    const b = numbersOf(compiled);
    const factor = options.difference;
    const difference = Float64Array.from(a, (x, i) => Math.abs(x - (b[i] ?? 0)) * factor);
    tensors.push([fromNumbers('float64', original.dims, difference), [0, range[1] - range[0]]]);
  }
  const planes = planesOf(original, axes);
  const { width = 1, height = 1 } = planes[0] ?? {};
  const scale = options.scale ?? Math.max(1, Math.round(64 / Math.max(width, height)));
  const rows = tensors.map(([tensor, scaleRange]) =>
    chosen(frameRow(planesOf(tensor, axes), scaleRange), options.frames ?? 16),
  );
  const columns = rows[0]?.length ?? 0;
  const [cellWidth, cellHeight] = [width * scale + MARGIN, height * scale + MARGIN];
  const png = new PNG({ width: columns * cellWidth + MARGIN, height: rows.length * cellHeight + MARGIN });
  for (let y = 0; y < png.height; y++) {
    for (let x = 0; x < png.width; x++) {
      const left = x - MARGIN;
      const top = y - MARGIN;
      const frame = rows[Math.floor(top / cellHeight)]?.[Math.floor(left / cellWidth)];
      const [column, line] = [Math.floor((left % cellWidth) / scale), Math.floor((top % cellHeight) / scale)];
      const inside = left >= 0 && top >= 0 && column < width && line < height;
      png.data.set(
        [...((inside ? frame?.(column, line) : undefined) ?? BACKGROUND), 255],
        4 * (y * png.width + x),
      );
    }
  }
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, PNG.sync.write(png));
  } catch (cause) {
    return refuse('BWC106', { path, reason: reasonOf(cause) }, undefined, cause);
  }
  return { path, width: png.width, height: png.height };
}

/** The frames of the first sample, as what each pixel shows. */
function frameRow(planes: readonly Plane[], range: readonly [number, number]): Row {
  const frames = new Map<number, Plane[]>();
  for (const plane of planes) {
    if (plane.batch === 0) frames.set(plane.frame, [...(frames.get(plane.frame) ?? []), plane]);
  }
  return [...frames.values()].map(channels => {
    const at = (channel: number, x: number, y: number): number => {
      const plane = channels[channels.length === 3 ? channel : 0];
      return plane === undefined ? 0 : greyOf(plane.values[y * plane.width + x] ?? 0, range);
    };
    return (x: number, y: number): Rgb => [at(0, x, y), at(1, x, y), at(2, x, y)];
  });
}

function chosen<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const keep = new Set(
    Array.from({ length: most }, (_, i) => Math.round((i * (items.length - 1)) / Math.max(1, most - 1))),
  );
  return items.filter((_, i) => keep.has(i));
}
