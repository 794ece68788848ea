import type { Value } from '../ir/index.js';
import { encodeType, sameType } from './encode-type.js';
import type { ValueOrigin } from './origin.js';
import { Output } from './output.js';
import { encodeEntry, entries, patch, type Rules, repeat, replace, text } from './patch.js';
import { readEntry } from './read-entry.js';
import { VALUE_INFO } from './schema.js';

/**
 * Writes a `ValueInfoProto`, from the declaration it was read from if there is one. A declaration of another
 * value that now stands for this one keeps its documentation.
 */
export function encodeValue(
  out: Output,
  number: number,
  value: Value,
  declaration: ValueOrigin | undefined,
): void {
  const rules: Rules = new Map();
  text(rules, VALUE_INFO.name, value.name, declaration?.name ?? '');
  if (!sameType(value.type, declaration?.type)) {
    const type = value.type && encodeType(value.type);
    rules.set(
      VALUE_INFO.type,
      replace(o => type && o.field(VALUE_INFO.type, type)),
    );
  }
  if (declaration === undefined || declaration.value === value) {
    text(rules, VALUE_INFO.docString, value.docString, declaration?.docString ?? '');
    entries(
      rules,
      VALUE_INFO.metadataProps,
      value.metadata,
      declaration?.metadata ?? [],
      readEntry,
      encodeEntry,
    );
  }
  if (declaration !== undefined && rules.size === 0) {
    repeat(out, number, declaration);
    return;
  }
  const body = new Output();
  patch(body, declaration === undefined ? [] : [declaration], rules);
  out.field(number, body);
}
