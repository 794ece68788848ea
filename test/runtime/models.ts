import onnxProto from 'onnx-proto';
import { MANIFEST_KEY, type Manifest } from '../../src/plan/manifest.js';
import { parseProfile, type RunProfile } from '../../src/runtime/index.js';

const { onnx } = onnxProto;

export const FLOAT = 1;
export const INT64 = 7;
export const BOOL = 9;

export type Dims = readonly (number | string)[];

export const value = (name: string, elemType: number, dims: Dims) => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map(d => (typeof d === 'number' ? { dimValue: d } : { dimParam: d })) },
    },
  },
});

type Info = ReturnType<typeof value>;
type NodeProto = InstanceType<typeof onnx.NodeProto>;

export const graph = (name: string, node: NodeProto[], output: Info[], input: Info[] = [], scalars = {}) =>
  onnx.GraphProto.create({
    name,
    node,
    input,
    output,
    initializer: Object.entries(scalars).map(([key, x]) => ({
      name: key,
      dims: [1],
      dataType: FLOAT,
      floatData: [Number(x)],
    })),
  });

type GraphProto = ReturnType<typeof graph>;

export function node(
  opType: string,
  input: string[],
  output: string[],
  attributes: Record<string, number | GraphProto> = {},
) {
  const { AttributeType } = onnx.AttributeProto;
  const attribute = Object.entries(attributes).map(([name, x]) =>
    typeof x === 'number'
      ? { name, type: AttributeType.INT, i: x }
      : { name, type: AttributeType.GRAPH, g: x },
  );
  return onnx.NodeProto.create({ opType, input, output, attribute });
}

export function bytesOf(main: GraphProto, metadata: Record<string, string> = {}): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: main,
    metadataProps: Object.entries(metadata).map(([key, text]) => ({ key, value: text })),
  }).finish();
}

/** `v = x / 2 + t / 1000` for a latent of four numbers: the original of `cachedModel`. */
export function originalModel(): Uint8Array {
  return bytesOf(
    graph('main', region('v'), [value('v', FLOAT, ['batch', 4])], originalInputs(), {
      two: 2,
      thousand: 1000,
    }),
  );
}

const originalInputs = (): Info[] => [value('x', FLOAT, ['batch', 4]), value('t', FLOAT, [1])];

const region = (output: string, noise?: string): NodeProto[] => [
  node('Div', ['x', 'two'], [`${output}.half`]),
  node('Div', ['t', 'thousand'], [`${output}.time`]),
  node('Add', [`${output}.half`, `${output}.time`], noise === undefined ? [output] : [`${output}.exact`]),
  ...(noise === undefined ? [] : [node('Add', [`${output}.exact`, noise], [output])]),
];

/** What can be wrong with a compiled model. */
export type Flaw = 'none' | 'inexact' | 'never resets' | 'trusts broken state' | 'renamed input';

/**
 * A compiled model by hand: it computes at even steps and gives the cached output at odd ones, and computes when
 * the timestep jumped up, when its state is not a number, and when the knob `force` is set.
 * @param stateDefaults gives every added input a default of zeros
 */
export function cachedModel(flaw: Flaw = 'none', stateDefaults = false): Uint8Array {
  const resets = flaw === 'never resets' ? 'first' : 'resets';
  const then = region('then.v', flaw === 'inexact' ? 'tiny' : undefined);
  const nodes = [
    node('Gather', ['bwc.knobs', 'index'], ['force']),
    node('Greater', ['force', 'zero'], ['forced']),
    node('Equal', ['bwc.state.n', 'zero'], ['first']),
    node('Greater', ['t', 'bwc.state.t'], ['jumped']),
    node('Or', ['first', 'jumped'], ['resets']),
    node('IsNaN', [flaw === 'trusts broken state' ? 'zero' : 'bwc.state.n'], ['broken']),
    node('Or', [resets, 'broken'], ['restart']),
    node('Mod', ['bwc.state.n', 'two'], ['rest'], { fmod: 1 }),
    node('Equal', ['rest', 'zero'], ['even']),
    node('Or', ['restart', 'even'], ['due']),
    node('Or', ['due', 'forced'], ['compute']),
    node('If', ['compute'], ['v'], {
      then_branch: graph('compute', then, [value('then.v', FLOAT, ['batch', 4])]),
      else_branch: graph(
        'reuse',
        [node('Identity', ['bwc.state.v'], ['else.v'])],
        [value('else.v', FLOAT, ['batch', 4])],
      ),
    }),
    node('Where', ['restart', 'zero', 'bwc.state.n'], ['base']),
    node('Add', ['base', 'one'], ['bwc.state.n.next']),
    node('Identity', ['t'], ['bwc.state.t.next']),
    node('Identity', ['v'], ['bwc.state.v.next']),
    node('Cast', ['compute'], ['bwc.computed'], { to: FLOAT }),
    node('Identity', ['bwc.state.n.next'], ['bwc.count']),
  ];
  const x = flaw === 'renamed input' ? [value('sample', FLOAT, ['batch', 4])] : [];
  const main = graph(
    'main',
    flaw === 'renamed input' ? [node('Identity', ['sample'], ['x']), ...nodes] : nodes,
    [
      value('v', FLOAT, ['batch', 4]),
      value('bwc.state.n.next', FLOAT, [1]),
      value('bwc.state.t.next', FLOAT, [1]),
      value('bwc.state.v.next', FLOAT, ['batch', 4]),
      value('bwc.computed', FLOAT, [1]),
      value('bwc.count', FLOAT, [1]),
    ],
    [
      ...x,
      ...originalInputs().slice(x.length),
      value('bwc.state.n', FLOAT, [1]),
      value('bwc.state.t', FLOAT, [1]),
      value('bwc.state.v', FLOAT, ['cached', 4]),
      value('bwc.knobs', FLOAT, [2]),
    ],
    { zero: 0, one: 1, two: 2, thousand: 1000, tiny: 1e-4 },
  );
  main.initializer.push(
    onnx.TensorProto.create({ name: 'index', dims: [1], dataType: INT64, int64Data: [1] }),
  );
  const manifest = { ...cachedManifest(), stateDefaults };
  if (stateDefaults) {
    const defaults = { 'bwc.state.n': [1], 'bwc.state.t': [1], 'bwc.state.v': [0, 4], 'bwc.knobs': [2] };
    for (const [name, dims] of Object.entries(defaults)) {
      const floatData = Array(dims.reduce((a, b) => a * b)).fill(0);
      main.initializer.push(onnx.TensorProto.create({ name, dims, dataType: FLOAT, floatData }));
    }
  }
  const inputs = flaw === 'renamed input' ? ['sample', 't'] : manifest.inputs;
  return bytesOf(main, { [MANIFEST_KEY]: JSON.stringify({ ...manifest, inputs }) });
}

/** The smallest manifest: no state, no knobs, no signals. */
export function manifest(parts: Partial<Manifest> = {}): Manifest {
  return {
    format: 'bwc.manifest',
    version: 1,
    compiler: 'test',
    method: 'test',
    options: {},
    decision: 'schedule',
    steps: 7,
    stateDefaults: false,
    inputs: ['x', 't'],
    outputs: ['v'],
    roles: { latent: 'x', timestep: 't', prediction: 'v' },
    state: [],
    knobs: [],
    signals: [],
    regions: [],
    cost: { flops: null, addedNodes: 0, deviceToHost: 0 },
    source: { sha256: '' },
    ...parts,
  };
}

export function cachedManifest(): Manifest {
  const pair = (name: string, shape: (number | string)[]) => ({
    input: `bwc.state.${name}`,
    output: `bwc.state.${name}.next`,
    type: 'float32' as const,
    shape,
    bytes: null,
    inPlace: name === 'v',
    holds: '',
  });
  const signal = (name: 'computed' | 'count') => ({
    output: `bwc.${name}`,
    type: 'float32' as const,
    shape: [1],
    name,
    doc: '',
  });
  return manifest({
    state: [pair('n', [1]), pair('t', [1]), pair('v', ['cached', 4])],
    knobs: [
      {
        input: 'bwc.knobs',
        type: 'float32',
        shape: [2],
        fields: [
          { name: 'threshold', doc: '' },
          { name: 'force', doc: '' },
        ],
      },
    ],
    signals: [signal('computed'), signal('count')],
  });
}

/** Seven steps, so that a generation ends on a computed step and the next, without a reset, starts on a reused one. */
export function profile(changes: Record<string, unknown> = {}): RunProfile {
  return parseProfile(
    {
      sampler: { kind: 'flow-euler', steps: 7 },
      inputs: {
        x: { role: 'latent', type: 'float32', shape: [1, 4], init: 'normal' },
        t: { role: 'timestep', type: 'float32', shape: [1] },
      },
      prediction: { output: 'v' },
      seeds: [1, 2],
      ...changes,
    },
    'test.profile.json',
  );
}
