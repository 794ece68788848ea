/** Protobuf by hand: bytes that no encoder would write, and some that all would. */

export type Bytes = Uint8Array;

export const join = (...parts: readonly Bytes[]): Bytes => new Uint8Array(Buffer.concat(parts));

const utf8 = (text: string): Bytes => Buffer.from(text, 'utf8');

/** A varint; `width` makes it longer than it needs to be. */
export function varint(value: number | bigint, width = 1): Bytes {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn));
    rest >>= 7n;
  } while (rest > 0n || bytes.length < width);
  return Uint8Array.from(bytes, (byte, i) => (i < bytes.length - 1 ? byte | 0x80 : byte));
}

export const tag = (number: number, wire: number, width = 1): Bytes => varint(number * 8 + wire, width);

/** A length-delimited field; the length's varint may be over-long. */
export function field(number: number, payload: Bytes | string, width = 1): Bytes {
  const bytes = typeof payload === 'string' ? utf8(payload) : payload;
  return join(tag(number, 2), varint(bytes.length, width), bytes);
}

export const int = (number: number, value: number | bigint, width = 1): Bytes =>
  join(tag(number, 0), varint(value, width));

export function f32(number: number, bits: number): Bytes {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(bits >>> 0);
  return join(tag(number, 5), bytes);
}

export const f64 = (number: number, bytes: Bytes): Bytes => join(tag(number, 1), bytes);

export const group = (number: number, ...content: readonly Bytes[]): Bytes =>
  join(tag(number, 3), ...content, tag(number, 4));

/** Fields that no schema knows, of each wire type. */
export const unknown = (): Bytes =>
  join(
    int(1900, 5),
    f32(1901, 7),
    f64(1902, Buffer.from('12345678')),
    field(1903, 'later'),
    group(1904, int(1, 3)),
  );

export const entry = (key: string, value: string, ...more: readonly Bytes[]): Bytes =>
  join(field(1, key), field(2, value), ...more);

export const opset = (version: number, domain = '', ...more: readonly Bytes[]): Bytes =>
  join(field(1, domain), int(2, version), ...more);

export const dim = (size: number | string): Bytes =>
  typeof size === 'number' ? int(1, size) : field(2, size);

/** A `TypeProto` of a tensor. */
export const tensorType = (
  elem: number,
  dims: readonly (number | string)[],
  ...more: readonly Bytes[]
): Bytes => field(1, join(int(1, elem), field(2, join(...dims.map(d => field(1, dim(d))))), ...more));

/** A `ValueInfoProto` of a float tensor. */
export const valueInfo = (
  name: string,
  dims: readonly (number | string)[] = [2],
  elem = 1,
  ...more: readonly Bytes[]
): Bytes => join(field(1, name), field(2, tensorType(elem, dims)), ...more);

export interface NodeSpec {
  readonly op: string;
  readonly inputs?: readonly string[];
  readonly outputs?: readonly string[];
  readonly name?: string;
  readonly attributes?: readonly Bytes[];
  readonly more?: readonly Bytes[];
}

export const node = ({ op, inputs = [], outputs = [], name, attributes = [], more = [] }: NodeSpec): Bytes =>
  join(
    ...inputs.map(input => field(1, input)),
    ...outputs.map(output => field(2, output)),
    name === undefined ? new Uint8Array() : field(3, name),
    field(4, op),
    ...attributes.map(attribute => field(5, attribute)),
    ...more,
  );

export const floats = (...values: readonly number[]): Bytes => {
  const array = Float32Array.from(values);
  return new Uint8Array(array.buffer);
};

/** A `TensorProto` with `raw_data`. */
export const tensor = (
  name: string,
  dims: readonly number[],
  raw: Bytes,
  elem = 1,
  ...more: readonly Bytes[]
): Bytes => join(...dims.map(d => int(1, d)), int(2, elem), field(8, name), field(9, raw), ...more);

export interface GraphSpec {
  readonly nodes?: readonly Bytes[];
  readonly initializers?: readonly Bytes[];
  readonly inputs?: readonly Bytes[];
  readonly outputs?: readonly Bytes[];
  readonly infos?: readonly Bytes[];
  readonly name?: string;
  readonly more?: readonly Bytes[];
}

export const graph = (spec: GraphSpec): Bytes =>
  join(
    ...(spec.nodes ?? []).map(each => field(1, each)),
    field(2, spec.name ?? 'g'),
    ...(spec.initializers ?? []).map(each => field(5, each)),
    ...(spec.inputs ?? []).map(each => field(11, each)),
    ...(spec.outputs ?? []).map(each => field(12, each)),
    ...(spec.infos ?? []).map(each => field(13, each)),
    ...(spec.more ?? []),
  );

export const model = (body: Bytes, ...more: readonly Bytes[]): Bytes =>
  join(int(1, 8), field(2, 'test'), field(7, body), field(8, opset(17)), ...more);

/** x → Relu → y. */
export const relu = (more: Partial<NodeSpec> = {}): Bytes =>
  node({ op: 'Relu', inputs: ['x'], outputs: ['y'], name: 'n', ...more });

/** A model of one node, or of the parts given. */
export const small = (spec: GraphSpec = {}, ...more: readonly Bytes[]): Bytes =>
  model(graph({ nodes: [relu()], inputs: [valueInfo('x')], outputs: [valueInfo('y')], ...spec }), ...more);
