import { randomFillSync } from 'node:crypto';
import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { toBytes } from '../src/onnx/index.js';
import type { Dit } from './dit.js';

const CHUNK = Buffer.alloc(1024 * 1024);

/**
 * Writes a model as one file with its weights inside, whatever its size: the graph in two parts, which protobuf
 * readers join, the second with the weights. With `holes` the weights take no room on disk.
 */
export function writeSingleFile(path: string, { model, weights }: Dit, holes: boolean): void {
  const tensors = weights.flatMap(({ name, initializer }) =>
    initializer === undefined ? [] : [{ name, dims: initializer.dims, bytes: initializer.byteLength }],
  );
  for (const value of weights) model.graph.removeInitializer(value);
  const head = toBytes(model);
  const records = tensors.map(({ name, dims, bytes }) => {
    const fields = [
      ...dims.flatMap(dim => [tag(1, 0), varint(dim)]),
      tag(2, 0),
      varint(1),
      tag(8, 2),
      varint(Buffer.byteLength(name)),
      Buffer.from(name),
      tag(9, 2),
      varint(bytes),
    ];
    const inside = Buffer.concat(fields);
    return { before: Buffer.concat([tag(5, 2), varint(inside.length + bytes), inside]), bytes };
  });
  const length = records.reduce((sum, record) => sum + record.before.length + record.bytes, 0);
  const fd = openSync(path, 'w');
  let at = 0;
  const write = (bytes: Uint8Array): void => {
    at += writeSync(fd, bytes, 0, bytes.length, at);
  };
  write(head);
  write(Buffer.concat([tag(7, 2), varint(length)]));
  for (const { before, bytes } of records) {
    write(before);
    if (holes) at += bytes;
    else {
      randomFillSync(CHUNK);
      for (let left = bytes; left > 0; left -= CHUNK.length)
        write(CHUNK.subarray(0, Math.min(left, CHUNK.length)));
    }
  }
  ftruncateSync(fd, at);
  closeSync(fd);
}

function tag(number: number, wire: number): Uint8Array {
  return varint(number * 8 + wire);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  return Uint8Array.from([...bytes, rest]);
}
