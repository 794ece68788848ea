import type { Value, ValueType } from '../ir/index.js';
import { encodeType, sameType } from './encode-type.js';
import type { ValueOrigin } from './origin.js';
import { Output } from './output.js';
import { encodeEntry, entries, patch, type Rule, type Rules, repeat, replace, text } from './patch.js';
import { readEntry } from './read-entry.js';
import { VALUE_INFO } from './schema.js';

/**
 * Writes a `ValueInfoProto`, from the declaration it was read from if there is one. A declaration of another
 * value, whose place this one takes, keeps its documentation, and its type where this one's is unknown.
 */
export function encodeValue(
  out: Output,
  number: number,
  value: Value,
  declaration: ValueOrigin | undefined,
): void {
  const own = declaration === undefined || declaration.value === value;
  const type = value.type ?? (own ? undefined : declaration.type);
  const rules: Rules = new Map();
  text(rules, VALUE_INFO.name, value.name, declaration?.name ?? '');
  if (!sameType(type, declaration?.type)) rules.set(VALUE_INFO.type, replaceType(type));
  if (own) {
    text(rules, VALUE_INFO.docString, value.docString, declaration?.docString ?? '');
    if (value.hasMetadata || declaration?.metadata.length !== 0)
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

function replaceType(type: ValueType | undefined): Rule {
  const encoded = type && encodeType(type);
  return replace(out => encoded && out.field(VALUE_INFO.type, encoded));
}
