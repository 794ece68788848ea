import type { DataType, Dim, Shape } from '../../types.js';
import { addDims, ceilDivDims, floorDivDims, mulDims, subDims } from '../dims.js';
import { filled, type Rule, type Rules, type Site, tensor, unknownShape } from '../site.js';

interface Window {
  readonly kernel: readonly Dim[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Begin and end of each axis added up. */
  readonly pads: readonly Dim[];
  readonly autoPad: string;
}

function windowOf(at: Site, spatial: number, kernel: readonly Dim[]): Window {
  const ones = filled<number>(spatial, 1);
  const pads = at.node.ints('pads');
  return {
    kernel,
    strides: at.node.ints('strides') ?? ones,
    dilations: at.node.ints('dilations') ?? ones,
    pads: ones.map((_, i) => (pads?.[i] ?? 0) + (pads?.[i + spatial] ?? 0)),
    autoPad: at.node.string('auto_pad') ?? 'NOTSET',
  };
}

/** Size that a window covers, dilated. */
function reach(window: Window, i: number): Dim {
  return addDims(mulDims(subDims(window.kernel[i], 1), window.dilations[i] ?? 1), 1);
}

/** Output size of a convolution or pooling along one axis (spec: `Conv`, `MaxPool`). */
function slide(dim: Dim, window: Window, i: number, ceil: boolean): Dim {
  const stride = window.strides[i] ?? 1;
  if (window.autoPad.startsWith('SAME')) return ceilDivDims(dim, stride);
  const pad = window.autoPad === 'VALID' ? 0 : window.pads[i];
  const room = subDims(addDims(dim, pad), reach(window, i));
  if (!ceil) return addDims(floorDivDims(room, stride), 1);
  if (stride === 1) return addDims(room, 1);
  if (typeof room !== 'number' || typeof dim !== 'number') return undefined;
  const count = Math.ceil(room / stride) + 1;
  return pad === 0 ? count : undefined;
}

/** Shape of a convolution of `x` by weights of shape (out, in / group, ...kernel). */
export function convShape(at: Site, x: Shape | undefined, w: Shape | undefined): Shape | undefined {
  const rank = x?.length ?? w?.length;
  if (rank === undefined || rank < 3) return undefined;
  const kernel = at.node.ints('kernel_shape') ?? w?.slice(2) ?? unknownShape(rank - 2);
  const window = windowOf(at, rank - 2, kernel);
  const spatial = kernel.map((_, i) => slide(x?.[i + 2], window, i, false));
  return [x?.[0], w?.[0], ...spatial];
}

export function conv(weights: number, elem: (at: Site) => DataType | undefined): Rule {
  return at => [tensor(elem(at), convShape(at, at.shape(0), at.shape(weights)))];
}

const convTranspose: Rule = at => {
  const x = at.shape(0);
  const w = at.shape(1);
  const rank = x?.length ?? w?.length;
  if (rank === undefined || rank < 3) return [tensor(at.elem(0), undefined)];
  const spatial = rank - 2;
  const window = windowOf(at, spatial, at.node.ints('kernel_shape') ?? w?.slice(2) ?? unknownShape(spatial));
  const extra = at.node.ints('output_padding');
  const given = at.node.ints('output_shape');
  const size = (i: number): Dim => {
    const stride = window.strides[i] ?? 1;
    if (given !== undefined) return given.at(i - spatial);
    const dim = x?.[i + 2];
    if (window.autoPad.startsWith('SAME')) return mulDims(dim, stride);
    const pad = window.autoPad === 'VALID' ? 0 : window.pads[i];
    const grown = addDims(mulDims(subDims(dim, 1), stride), addDims(extra?.[i] ?? 0, reach(window, i)));
    return subDims(grown, pad);
  };
  const channels = mulDims(w?.[1], at.node.int('group', 1));
  return [tensor(at.elem(0), [x?.[0], channels, ...Array.from({ length: spatial }, (_, i) => size(i))])];
};

const pool: Rule = at => {
  const x = at.shape(0);
  const kernel = at.node.ints('kernel_shape');
  if (x === undefined || kernel === undefined) return [tensor(at.elem(0), x && unknownShape(x.length))];
  const window = windowOf(at, kernel.length, kernel);
  const ceil = at.node.int('ceil_mode', 0) !== 0;
  const shape = [x[0], x[1], ...kernel.map((_, i) => slide(x[i + 2], window, i, ceil))];
  return [tensor(at.elem(0), shape), tensor('int64', shape)];
};

const globalPool: Rule = at => [
  tensor(
    at.elem(0),
    at.shape(0)?.map((d, i): Dim => (i < 2 ? d : 1)),
  ),
];

const depthToSpace: Rule = at => {
  const [n, c, h, w] = at.shape(0) ?? [];
  const block = at.node.int('blocksize', 1);
  return [tensor(at.elem(0), [n, floorDivDims(c, block * block), mulDims(h, block), mulDims(w, block)])];
};

const spaceToDepth: Rule = at => {
  const [n, c, h, w] = at.shape(0) ?? [];
  const block = at.node.int('blocksize', 1);
  return [tensor(at.elem(0), [n, mulDims(c, block * block), floorDivDims(h, block), floorDivDims(w, block)])];
};

const gridSample: Rule = at => {
  const x = at.shape(0);
  const grid = at.shape(1);
  return [tensor(at.elem(0), x && grid && [x[0], x[1], ...grid.slice(1, -1)])];
};

export const convolution: Rules = {
  Conv: conv(1, at => at.elem(0)),
  'com.microsoft::FusedConv': conv(1, at => at.elem(0)),
  ConvTranspose: convTranspose,
  MaxPool: pool,
  AveragePool: at => pool(at).slice(0, 1),
  LpPool: at => pool(at).slice(0, 1),
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
  GridSample: gridSample,
};
