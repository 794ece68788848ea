import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkExternalData,
  encodeModel,
  modelHash,
  readModel,
  readModelFrom,
  toBytes,
  writeModel,
} from '../../src/onnx/index.js';
import {
  type Bytes,
  entry,
  field,
  floats,
  graph,
  int,
  join,
  model,
  node,
  opset,
  tag,
  valueInfo,
  varint,
} from './build.js';
import { at, codeOfAsync, defined, names, same } from './helpers.js';

const folder = mkdtempSync(joinPath(tmpdir(), 'bwc-large-'));
afterAll(() => rmSync(folder, { recursive: true }));

const GIB = 2 ** 30;

/** Writes parts one after another; a number leaves a hole of so many bytes. */
function sparse(path: string, parts: readonly (Bytes | number)[]): void {
  const fd = openSync(path, 'w');
  let at = 0;
  for (const part of parts) {
    if (typeof part !== 'number') writeSync(fd, part, 0, part.length, at);
    at += typeof part === 'number' ? part : part.length;
  }
  ftruncateSync(fd, at);
  closeSync(fd);
}

const lengthOf = (parts: readonly (Bytes | number)[]): number =>
  parts.reduce<number>((sum, part) => sum + (typeof part === 'number' ? part : part.length), 0);

const weights = (name: string, size: number): (Bytes | number)[] => {
  const head = join(int(1, size), int(2, 2), field(8, name), tag(9, 2), varint(size));
  return [join(tag(5, 2), varint(head.length + size), head), size];
};

const file = (first: number, second: number): (Bytes | number)[] => {
  const inside = [
    field(1, node({ op: 'Add', inputs: ['x', 'a'], outputs: ['h'], name: 'first' })),
    ...weights('a', first),
    ...weights('b', second),
    field(
      1,
      node({
        op: 'Add',
        inputs: ['h', 'b'],
        outputs: ['y'],
        name: 'second',
        more: [field(9, entry('k', 'v'))],
      }),
    ),
    field(11, valueInfo('x', [1], 2)),
    field(12, valueInfo('y', [1], 2)),
  ];
  return [join(int(1, 8), tag(7, 2), varint(lengthOf(inside))), ...inside, field(8, opset(17))];
};

describe('a sparse file of more than 4 GiB', () => {
  const path = joinPath(folder, 'large.onnx');
  const parts = file(3 * GIB, 2 * GIB);
  sparse(path, parts);

  it('is read, with offsets beyond 4 GiB', () => {
    const m = readModel(path);
    expect(m.graph.nodes.map(n => names(n.inputs))).toEqual([
      ['x', 'a'],
      ['h', 'b'],
    ]);
    expect(at(m.graph.nodes, 1).metadata.get('k')).toBe('v');
    expect([...m.graph.initializers].map(v => v.initializer?.byteLength)).toEqual([3 * GIB, 2 * GIB]);
    expect(modelHash(m)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('is written as ranges, and as a file with its weights beside it', async () => {
    const m = readModel(path);
    expect(encodeModel(m)).toMatchObject([{ kind: 'range', start: 0, end: statSync(path).size }]);
    at(m.graph.nodes, 1).name = 'renamed';
    const segments = encodeModel(m);
    const sizes = segments.map(s => (s.kind === 'bytes' ? s.bytes.length : s.end - s.start));
    expect(sizes.reduce((a, b) => a + b, 0)).toBe(statSync(path).size + 1);
    const embedded = segments.flatMap(s => (s.kind === 'bytes' ? [s.bytes.length] : []));
    expect(Math.max(...embedded)).toBeLessThan(64);
    // The same bytes elsewhere, with the holes left as holes.
    const written = await writeModel(m, joinPath(folder, 'out.onnx'));
    expect(written.weights).toEqual([joinPath(folder, 'out.onnx.data')]);
    expect(written.diagnostics.map(d => [d.code, d.severity])).toEqual([['BWC114', 'note']]);
    expect(statSync(joinPath(folder, 'out.onnx')).size).toBeLessThan(1024);
    expect(statSync(joinPath(folder, 'out.onnx.data')).size).toBe(5 * GIB);
    const spilled = readModel(joinPath(folder, 'out.onnx'));
    checkExternalData(spilled, joinPath(folder, 'out.onnx'));
    expect([...spilled.graph.initializers].map(v => v.initializer?.external)).toEqual([
      { location: 'out.onnx.data', offset: 0, length: 3 * GIB },
      { location: 'out.onnx.data', offset: 3 * GIB, length: 2 * GIB },
    ]);
    rmSync(joinPath(folder, 'out.onnx.data'));
    // The model itself was not changed.
    expect([...m.graph.initializers].map(v => v.initializer?.external)).toEqual([undefined, undefined]);
    sparse(
      joinPath(folder, 'copy.onnx'),
      segments.flatMap((s): (Bytes | number)[] =>
        s.kind === 'bytes' ? [s.bytes] : pieces(path, s.start, s.end),
      ),
    );
    const copy = readModel(joinPath(folder, 'copy.onnx'));
    expect(copy.graph.nodes.map(n => n.name)).toEqual(['first', 'renamed']);
    expect(at(copy.graph.nodes, 1).metadata.get('k')).toBe('v');
    at(copy.graph.nodes, 1).name = 'second';
    expect(modelHash(copy)).toBe(modelHash(readModel(path)));
  });
});

/** A range with its middle left out when it is long: that lies in a hole. */
function pieces(path: string, start: number, end: number): (Bytes | number)[] {
  const fd = openSync(path, 'r');
  const read = (from: number, to: number): Bytes => {
    const bytes = Buffer.alloc(to - from);
    readSync(fd, bytes, 0, bytes.length, from);
    return bytes;
  };
  const short = 4096;
  // Between the two tensors lies the second one's header, 3 GiB in.
  const middle = start + Math.floor((end - start) * 0.6);
  const result =
    end - start <= 4 * short
      ? [read(start, end)]
      : [read(start, start + short), middle - short - start - short, ...around(read, middle, end, short)];
  closeSync(fd);
  return result;
}

function around(
  read: (from: number, to: number) => Bytes,
  middle: number,
  end: number,
  short: number,
): (Bytes | number)[] {
  return [read(middle - short, middle + short), end - short - middle - short, read(end - short, end)];
}

describe('one file', () => {
  /** A node with a constant of so many bytes in an attribute, between a small node and the ends. */
  const constant = (bytes: number): (Bytes | number)[] => {
    const nested = (number: number, [first = new Uint8Array(), ...rest]: readonly Bytes[]): Bytes[] => {
      const length = lengthOf([first, ...rest]) + bytes;
      return [join(tag(number, 2), varint(length), first), ...rest];
    };
    const held = nested(5, [join(int(1, bytes), int(2, 2), tag(9, 2), varint(bytes))]);
    const attribute = nested(5, [join(field(1, 'value'), int(20, 4), ...held)]);
    const [head = new Uint8Array()] = nested(1, [join(field(2, 'w'), field(4, 'Constant'), ...attribute)]);
    const rest = [
      field(1, node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'], name: 'n' })),
      field(11, valueInfo('x', [1], 2)),
      field(12, valueInfo('y', [1], 2)),
    ];
    return [join(int(1, 8), tag(7, 2), varint(lengthOf([head, bytes, ...rest]))), head, bytes, ...rest];
  };

  it('never holds 2 GiB: what cannot leave it is refused', async () => {
    const path = joinPath(folder, 'constant.onnx');
    sparse(path, [...constant(2 * GIB), field(8, opset(17))]);
    const m = readModel(path);
    expect(m.graph.nodes.map(n => n.op)).toEqual(['Constant', 'Add']);
    at(m.graph.nodes, 1).name = 'renamed';
    const out = joinPath(folder, 'refused.onnx');
    expect(await codeOfAsync(writeModel(m, out))).toBe('BWC109');
    expect(existsSync(out)).toBe(false);
  });

  it('never holds 2 GiB: what comes into it goes beside it', async () => {
    const path = joinPath(folder, 'outside.onnx');
    sparse(joinPath(folder, 'outside.bin'), [2 * GIB]);
    const outside = join(
      int(1, 2 * GIB),
      int(2, 2),
      field(8, 'w'),
      field(13, entry('location', 'outside.bin')),
      int(14, 1),
    );
    const nodes = [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] })];
    const ends = { inputs: [valueInfo('x', [1], 2)], outputs: [valueInfo('y', [1], 2)] };
    writeFileSync(path, model(graph({ nodes, initializers: [outside], ...ends })));
    const out = joinPath(folder, 'embedded.onnx');
    const { weights: files, diagnostics } = await writeModel(readModel(path), out, { weights: 'embed' });
    expect(files).toEqual([`${out}.data`]);
    expect(diagnostics.map(d => d.code)).toEqual(['BWC114']);
    expect([...readModel(out).graph.initializers].map(v => v.initializer?.external)).toEqual([
      { location: 'embedded.onnx.data', offset: 0, length: 2 * GIB },
    ]);
    expect(statSync(`${out}.data`).size).toBe(2 * GIB);
    rmSync(`${out}.data`);
  });
});

describe('external data beyond 4 GiB', () => {
  it('is checked against the size of its file', () => {
    const path = joinPath(folder, 'external.onnx');
    sparse(joinPath(folder, 'weights.bin'), [5 * GIB]);
    const weight = (offset: number): Bytes =>
      join(
        int(1, 4),
        int(2, 1),
        field(8, 'w'),
        field(13, entry('location', 'weights.bin')),
        field(13, entry('offset', String(offset))),
        int(14, 1),
      );
    const body = (offset: number): Bytes =>
      model(
        graph({
          nodes: [node({ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] })],
          initializers: [weight(offset)],
          inputs: [valueInfo('x')],
          outputs: [valueInfo('y')],
        }),
      );
    writeFileSync(path, body(5 * GIB - 16));
    checkExternalData(readModel(path), path);
    writeFileSync(path, body(5 * GIB - 15));
    expect(() => checkExternalData(readModel(path), path)).toThrow('BWC105');
  });
});

describe('many nodes', () => {
  const count = 20000;
  const nodes = Array.from({ length: count }, (_, i) =>
    node({
      op: 'Add',
      inputs: [i === 0 ? 'x' : `v${i - 1}`, 'w'],
      outputs: [i === count - 1 ? 'y' : `v${i}`],
      name: `node_${i}`,
      more: [field(9, entry('namespace', `layer ${i}`))],
    }),
  );
  const bytes = model(
    graph({
      nodes,
      initializers: [join(int(1, 2), int(2, 1), field(8, 'w'), field(9, floats(1, 2)))],
      inputs: [valueInfo('x')],
      outputs: [valueInfo('y')],
    }),
  );

  it('are read and written, also when all are renamed or their order is turned round', () => {
    const m = readModelFrom(bytes);
    expect(same(toBytes(m), bytes)).toBe(true);
    for (const n of m.graph.nodes) defined(n.outputs[0]).name += '_';
    m.graph.reorder([...m.graph.nodes].reverse());
    m.graph.reorder([...m.graph.nodes].reverse());
    const renamed = readModelFrom(toBytes(m));
    expect(at(renamed.graph.nodes, count - 1).metadata.get('namespace')).toBe(`layer ${count - 1}`);
    m.graph.reorder([...m.graph.nodes].reverse());
    expect(at(readModelFrom(toBytes(m)).graph.nodes, 0).name).toBe(`node_${count - 1}`);
  });
});
