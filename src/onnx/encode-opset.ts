import protobuf from 'protobufjs/minimal.js';
import { bytesTag, varintTag } from './encode-type.js';
import { Output } from './output.js';
import { OPSET } from './schema.js';
import { encodeText } from './text.js';

/** A new `OperatorSetIdProto`. */
export function encodeOpset(domain: string, version: number): Output {
  const writer = protobuf.Writer.create();
  writer
    .uint32(bytesTag(OPSET.domain))
    .bytes(encodeText(domain))
    .uint32(varintTag(OPSET.version))
    .int64(version);
  const out = new Output();
  out.bytes(writer.finish());
  return out;
}
