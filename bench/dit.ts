import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { Builder, float, Graph, int, ints, Model, Tensor, tensorType, Value } from '../src/ir/index.js';

/** A diffusion transformer after the template of DiT: one stream, modulation from the timestep, attention, feed-forward. */
export interface DitSize {
  readonly blocks: number;
  readonly width: number;
  readonly heads: number;
  readonly tokens: number;
  /** Channels of the latent's tokens. */
  readonly channels: number;
}

/** A model whose weights lie in a file that is still to be made. */
export interface Dit {
  readonly model: Model;
  /** Weights in the order in which they lie in the file. */
  readonly weights: readonly Value[];
  readonly bytes: number;
}

const ALIGNED = 4096;
const OPSET = 17;

/** Builds the graph. Weights refer to `location`, each at a multiple of 4 KiB. */
export function buildDit(size: DitSize, location: string): Dit {
  const model = new Model({ irVersion: 8, opsets: [['', OPSET]], graph: new Graph('dit') });
  const { graph } = model;
  const weights: Value[] = [];
  let bytes = 0;
  const b = new Builder(model, graph, 'dit', '');
  const weight = (name: string, ...dims: number[]): Value => {
    const offset = Math.ceil(bytes / ALIGNED) * ALIGNED;
    const length = 4 * dims.reduce((x, y) => x * y, 1);
    const value = new Value(model.names.fresh(name), tensorType('float32', dims));
    graph.addInitializer(
      value,
      new Tensor({ elem: 'float32', dims, external: { location, offset, length } }),
    );
    weights.push(value);
    bytes = offset + length;
    return value;
  };
  const { width, tokens, channels } = size;
  const x = new Value('x', tensorType('float32', ['batch', tokens, channels]));
  const t = new Value('t', tensorType('float32', ['batch']));
  for (const input of [x, t]) {
    model.names.reserve(input.name);
    graph.addInput(input);
  }
  const linear = (name: string, input: Value, from: number, to: number): Value =>
    b.op('Add', [b.op('MatMul', [input, weight(`${name}.weight`, from, to)]), weight(`${name}.bias`, to)]);
  const angles = b.op('Mul', [b.op('Unsqueeze', [t, b.i64(1)]), weight('frequencies', 1, 128)]);
  const waves = b.concat([b.op('Cos', [angles]), b.op('Sin', [angles])], 1);
  const silu = (value: Value): Value => b.op('Mul', [value, b.op('Sigmoid', [value])]);
  const time = silu(linear('time.2', silu(linear('time.1', waves, 256, width)), width, width));
  let stream = b.op('Add', [linear('embed', x, channels, width), weight('position', 1, tokens, width)]);
  const parts: Parts = { b, linear, weight, size };
  for (let i = 0; i < size.blocks; i++) stream = block(parts, `blocks.${i}`, stream, time);
  const normed = b.op('LayerNormalization', [
    stream,
    weight('norm.weight', width),
    weight('norm.bias', width),
  ]);
  const y = linear('head', normed, width, channels);
  y.name = 'y';
  y.type = tensorType('float32', ['batch', tokens, channels]);
  b.place();
  graph.addOutput(y);
  return { model, weights, bytes };
}

interface Parts {
  readonly b: Builder;
  readonly linear: (name: string, input: Value, from: number, to: number) => Value;
  readonly weight: (name: string, ...dims: number[]) => Value;
  readonly size: DitSize;
}

function block({ b, linear, weight, size }: Parts, name: string, stream: Value, time: Value): Value {
  const { width, heads } = size;
  const modulation = b.op('Unsqueeze', [linear(`${name}.modulation`, time, width, 6 * width), b.i64(1)]);
  const [shift1, scale1, gate1, shift2, scale2, gate2] = b.ops(
    'Split',
    [modulation, b.i64(...Array.from({ length: 6 }, () => width))],
    { outputs: 6, attributes: [int('axis', 2)] },
  );
  const modulated = (
    norm: string,
    value: Value,
    scale: Value | undefined,
    shift: Value | undefined,
  ): Value => {
    const normed = b.op(
      'LayerNormalization',
      [value, weight(`${norm}.weight`, width), weight(`${norm}.bias`, width)],
      {
        attributes: [int('axis', -1), float('epsilon', 1e-6)],
      },
    );
    return b.op('Add', [b.op('Mul', [normed, b.op('Add', [scale, b.f32(1)])]), shift]);
  };
  const split = (value: Value, perm: readonly number[]): Value =>
    b.op('Transpose', [b.op('Reshape', [value, b.i64(0, 0, heads, width / heads)])], {
      attributes: [ints('perm', perm)],
    });
  const input = modulated(`${name}.norm1`, stream, scale1, shift1);
  const query = split(linear(`${name}.query`, input, width, width), [0, 2, 1, 3]);
  const key = split(linear(`${name}.key`, input, width, width), [0, 2, 3, 1]);
  const value = split(linear(`${name}.value`, input, width, width), [0, 2, 1, 3]);
  const scores = b.op('Mul', [b.op('MatMul', [query, key]), b.f32((width / heads) ** -0.5)]);
  const mixed = b.op('MatMul', [b.op('Softmax', [scores], { attributes: [int('axis', -1)] }), value]);
  const joined = b.op('Transpose', [mixed], { attributes: [ints('perm', [0, 2, 1, 3])] });
  const attended = linear(`${name}.out`, b.op('Reshape', [joined, b.i64(0, 0, width)]), width, width);
  const middle = b.op('Add', [stream, b.op('Mul', [attended, gate1])]);
  const inner = linear(`${name}.up`, modulated(`${name}.norm2`, middle, scale2, shift2), width, 4 * width);
  const half = b.op('Mul', [inner, b.f32(0.5)]);
  const gelu = b.op('Mul', [
    half,
    b.op('Add', [b.op('Erf', [b.op('Div', [inner, b.f32(Math.SQRT2)])]), b.f32(1)]),
  ]);
  return b.op('Add', [middle, b.op('Mul', [linear(`${name}.down`, gelu, 4 * width, width), gate2])]);
}

/** A weights file that takes no room on disk and reads as zeros. */
export function writeSparse(path: string, bytes: number): void {
  const fd = openSync(path, 'w');
  ftruncateSync(fd, bytes);
  closeSync(fd);
}

/** Weights that keep activations near 1: small noise, the same on every machine. */
export function writeWeights(path: string, { weights }: Dit): void {
  const fd = openSync(path, 'w');
  let seed = 1;
  for (const { initializer } of weights) {
    if (initializer?.external === undefined) continue;
    const values = new Float32Array(initializer.size);
    const fan = initializer.dims.length > 1 ? (initializer.dims.at(-2) ?? 1) : 64;
    const scale = 2 * Math.sqrt(3 / fan);
    for (let i = 0; i < values.length; i++) {
      seed = (Math.imul(seed, 1664525) + 1013904223) | 0;
      values[i] = (seed / 2 ** 32) * scale;
    }
    writeSync(fd, new Uint8Array(values.buffer), 0, values.byteLength, initializer.external.offset);
  }
  closeSync(fd);
}
