import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import onnxProto from 'onnx-proto';
import { parse, readModel, toBytes } from '../../src/index.js';

const { onnx } = onnxProto;

/** Three layers and no residual update. */
export function perceptron(): Uint8Array {
  const layer = (i: number, from: string): string =>
    `   m${i} = MatMul (${from}, W${i})\n   h${i} = Relu (m${i})\n`;
  const weights = [1, 2].map(i => `   float[2,2] W${i} = {1, 0, 0, 1}`).join(',\n');
  return toBytes(
    parse(
      `<\n   ir_version: 8,\n   opset_import: ["" : 17]\n>\n` +
        `main (float[N,2] x) => (float[N,2] h2) <\n${weights}\n> {\n${layer(1, 'x')}${layer(2, 'h1')}}\n`,
    ),
  );
}

export function emptyGraph(): Uint8Array {
  return onnx.ModelProto.encode({
    irVersion: 8,
    opsetImport: [{ domain: '', version: 17 }],
    graph: { name: 'empty' },
  }).finish();
}

/**
 * Writes the model with its weights in a file beside it, each recorded with the checksum, if there is one.
 * @returns the path of the weights
 */
export function withExternalWeights(model: string, path: string, checksum?: string): string {
  const weights = join(dirname(path), 'weights.bin');
  const proto = onnx.ModelProto.decode(toBytes(readModel(model)));
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of proto.graph?.initializer ?? []) {
    const { rawData } = tensor;
    if (!(rawData instanceof Uint8Array) || rawData.length < 1024) continue;
    const entries = {
      location: 'weights.bin',
      offset,
      length: rawData.length,
      ...(checksum && { checksum }),
    };
    tensor.externalData = Object.entries(entries).map(([key, value]) =>
      onnx.StringStringEntryProto.create({ key, value: String(value) }),
    );
    tensor.dataLocation = onnx.TensorProto.DataLocation.EXTERNAL;
    tensor.rawData = new Uint8Array();
    parts.push(rawData);
    offset += rawData.length;
  }
  writeFileSync(weights, Buffer.concat(parts));
  writeFileSync(path, onnx.ModelProto.encode(proto).finish());
  return weights;
}
