import fc from 'fast-check';
import {
  type Attribute,
  attr,
  type Dim,
  Graph,
  Model,
  Node,
  Tensor,
  tensorType,
  Value,
  type ValueType,
} from '../../src/ir/index.js';

const NAME = fc.oneof(
  fc.constantFrom(
    'x',
    'h_1',
    '/blocks.0/attn/MatMul_output_0',
    'float',
    'seq',
    'nan',
    'a"b',
    'c\\d',
    'é 漢\n#',
    '0',
  ),
  fc.string({ minLength: 1, maxLength: 6 }),
);

const PLAIN_NAME = fc.constantFrom('axis', '_b1', 'Float', 'to');

const DIM: fc.Arbitrary<Dim> = fc.oneof(
  fc.nat(4096),
  fc.constantFrom('batch', 'float', '2*h + 1'),
  fc.constant(undefined),
);

const TYPE: fc.Arbitrary<ValueType> = fc.oneof(
  { weight: 5, arbitrary: fc.array(DIM, { maxLength: 4 }).map(shape => tensorType('float32', shape)) },
  fc.constantFrom(tensorType('float16'), tensorType('bool', []), tensorType('int64', [2])),
  fc.constantFrom<ValueType>(
    { kind: 'sequence', of: tensorType('float64', ['n']) },
    { kind: 'optional', of: { kind: 'sequence', of: tensorType('string') } },
    { kind: 'sparse', elem: 'float32', shape: [3, undefined] },
  ),
);

const FLOAT32 = fc.float();

const COMMON_TENSOR: fc.Arbitrary<Tensor> = fc.oneof(
  fc.array(FLOAT32, { maxLength: 24 }).map(values => Tensor.float32(values)),
  fc.array(fc.double(), { maxLength: 3 }).map(values => Tensor.of('float64', values, [values.length])),
  fc.array(FLOAT32, { maxLength: 3 }).map(values => Tensor.of('float16', values, [1, values.length])),
  fc.maxSafeInteger().map(value => Tensor.int64([value], [])),
  fc.array(fc.boolean(), { maxLength: 3 }).map(values => Tensor.bool(values)),
  fc
    .record({ location: NAME, offset: fc.nat() })
    .map(e => new Tensor({ elem: 'float32', dims: [7], external: e })),
);

const PACKED_TENSOR = fc
  .uint8Array({ minLength: 3, maxLength: 3 })
  .map(bytes => new Tensor({ elem: 'int4', dims: [5], load: () => bytes }));

const TENSOR = fc.oneof({ weight: 8, arbitrary: COMMON_TENSOR }, PACKED_TENSOR);

/** An attribute of any kind, or of one that onnx's parser and printer know. */
function anyAttribute(name: string, graphs: fc.Arbitrary<Graph>, strict: boolean): fc.Arbitrary<Attribute> {
  const int = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const of = <K extends Attribute['kind'], V>(kind: K, value: fc.Arbitrary<V>) =>
    value.map(v => ({ name, kind, value: v }));
  const common = fc.oneof(
    of('float', FLOAT32),
    of('int', int),
    of('string', fc.string()),
    of('tensor', COMMON_TENSOR),
    of('floats', fc.array(FLOAT32, { maxLength: 3 })),
    of('ints', fc.array(int, { maxLength: 3 })),
    of('strings', fc.array(fc.string(), { minLength: strict ? 1 : 0, maxLength: 3 })),
    (strict ? PLAIN_NAME : NAME).map((value): Attribute => ({ name, kind: 'reference', value, type: 2 })),
  );
  if (strict) return common;
  return fc.oneof(
    { weight: 4, arbitrary: common },
    of('tensors', fc.array(TENSOR, { maxLength: 2 })),
    of('graphs', fc.array(graphs, { maxLength: 2 })),
    fc.constantFrom(11, 13).map((type): Attribute => ({ name, kind: 'other', type })),
  );
}

interface Draw {
  readonly pick: <T>(from: readonly T[]) => T | undefined;
  readonly draw: <T>(arbitrary: fc.Arbitrary<T>) => T;
  readonly fresh: () => string;
  readonly strict: boolean;
}

/**
 * Valid models: names unique, definitions first, `If` with branches that read outer values. Strict ones hold nothing
 * that onnx's own parser and printer cannot take.
 */
export const models = (strict: boolean): fc.Arbitrary<Model> => fc.gen().map(gen => makeModel(gen, strict));

function makeModel(gen: fc.GeneratorValue, strict: boolean): Model {
  const taken = new Set<string>();
  const draw = <T>(arbitrary: fc.Arbitrary<T>): T => gen(() => arbitrary);
  const fresh = (): string => {
    const hint = draw(strict ? NAME.filter(text => text !== 'float' && text !== 'seq') : NAME);
    let name = hint;
    for (let i = 1; taken.has(name); i++) name = `${hint}_${i}`;
    taken.add(name);
    return name;
  };
  const pick = <T>(from: readonly T[]): T | undefined => from[draw(fc.nat(1000)) % Math.max(from.length, 1)];
  const model = new Model({
    opsets: [
      ['', 17],
      ['test', 1],
    ],
  });
  model.producerName = draw(fc.string());
  model.docString = draw(fc.string());
  for (const key of draw(fc.uniqueArray(fc.string(), { maxLength: 2 })))
    model.metadata.set(key, draw(fc.string()));
  const { graph } = model;
  graph.name = draw(NAME);
  for (let i = 0; i < 2; i++) graph.addInput(new Value(fresh(), draw(TYPE)));
  graph.addInput(new Value(fresh(), tensorType('bool', [])));
  fill(graph, graph.inputs, 2, { pick, draw, fresh, strict });
  return model;
}

function fill(graph: Graph, outer: readonly Value[], depth: number, tools: Draw): void {
  const { pick, draw, fresh } = tools;
  const visible = [...outer];
  for (let i = draw(fc.nat(2)); i > 0; i--) {
    const weight = new Value(fresh());
    graph.addInitializer(weight, draw(tools.strict ? COMMON_TENSOR : TENSOR));
    visible.push(weight);
  }
  const produced: Value[] = [];
  for (let i = draw(fc.nat(4)); i >= 0; i--) {
    const node =
      draw(fc.nat(3)) === 0 && depth > 0 ? branching(visible, depth, tools) : plain(visible, depth, tools);
    graph.append(node);
    for (const value of node.outputs) if (value) produced.push(value);
    visible.push(...produced);
  }
  for (let i = draw(fc.nat(2)); i >= 0; i--) {
    const value = pick(produced);
    if (value) graph.addOutput(value);
  }
}

function plain(visible: readonly Value[], depth: number, tools: Draw): Node {
  const { draw, pick, fresh, strict } = tools;
  const graphs = fc.gen().map(gen => {
    const graph = new Graph('body');
    if (depth > 0 && gen(fc.boolean))
      graph.append(new Node({ opType: 'Other', domain: 'test', inputs: [], outputs: [] }));
    return graph;
  });
  const names = draw(fc.uniqueArray(strict ? PLAIN_NAME : NAME, { maxLength: 4 }));
  return new Node({
    opType: draw(fc.constantFrom('Op', strict ? 'Other' : 'Odd-Op')),
    domain: 'test',
    name: draw(fc.oneof(fc.constant(''), NAME)),
    inputs: draw(fc.array(fc.boolean(), { maxLength: 3 })).map(given => (given ? pick(visible) : undefined)),
    outputs: [new Value(fresh()), ...(draw(fc.boolean()) ? [undefined, new Value(fresh())] : [])],
    attributes: names.map(name => draw(anyAttribute(name, graphs, strict))),
  });
}

function branching(visible: readonly Value[], depth: number, tools: Draw): Node {
  const branch = (name: string): Graph => {
    const graph = new Graph(name);
    fill(graph, visible, depth - 1, tools);
    for (const value of graph.outputs.slice(1)) graph.removeOutput(value);
    return graph;
  };
  return new Node({
    opType: 'If',
    inputs: visible.filter(value => value.type?.kind === 'tensor' && value.type.elem === 'bool').slice(0, 1),
    outputs: [new Value(tools.fresh())],
    attributes: [attr.graph('then_branch', branch('then')), attr.graph('else_branch', branch('else'))],
  });
}
