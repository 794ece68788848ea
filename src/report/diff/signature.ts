import type { Attribute, Node, Value } from '../../ir/index.js';
import { float32Text } from '../../ir/text/numbers.js';
import type { Contents } from './contents.js';
import { isDefaultOn, isWeight, type Side } from './side.js';

/** Small numbers for texts, the same number for the same text: hash-consing without collisions. */
export class Interner {
  readonly #ids = new Map<string, number>();

  id(text: string): number {
    const known = this.#ids.get(text);
    if (known !== undefined) return known;
    const id = this.#ids.size;
    this.#ids.set(text, id);
    return id;
  }
}

/** `exact`: attributes and constants count in full. `shape`: constants by their dimensions. `op`: the operator alone. */
export type Level = 'exact' | 'shape' | 'op';

/** What a node is, its wiring aside. */
export class Signatures {
  readonly contents: Contents;
  readonly interner: Interner;
  readonly #cache: Readonly<Record<Level, Map<Node, number>>> = {
    exact: new Map(),
    shape: new Map(),
    op: new Map(),
  };

  constructor(contents: Contents, interner: Interner) {
    this.contents = contents;
    this.interner = interner;
  }

  of(node: Node, side: Side, level: Level): number {
    const cache = this.#cache[level];
    let id = cache.get(node);
    if (id === undefined) {
      id = this.interner.id(this.#text(node, side, level));
      cache.set(node, id);
    }
    return id;
  }

  /** A constant as the level sees it. */
  constant(value: Value, side: Side, level: Level): string {
    const tensor = value.initializer;
    if (tensor === undefined) return '?';
    if (level === 'exact') return this.contents.key(tensor, side.path);
    return level === 'shape' ? tensor.dims.join('x') : 'c';
  }

  #text(node: Node, side: Side, level: Level): string {
    const parts = [operatorOf(node)];
    if (level === 'op') return parts.join('');
    for (const value of node.inputs)
      if (value && isWeight(value)) parts.push(this.constant(value, side, level));
    if (level === 'shape' && node.op === 'Constant') return parts.join(' ');
    const names = [...node.attributes.keys()].sort();
    for (const name of names) {
      const attribute = node.attributes.get(name);
      if (attribute && !isDefaultOn(side, node, attribute))
        parts.push(`${name}=${attributeKey(attribute, side, this.contents)}`);
    }
    return parts.join(' ');
  }
}

export function operatorOf(node: Node): string {
  return node.overload ? `${node.op}:${node.overload}` : node.op;
}

/** Contents of an attribute as a text, equal for equal contents; graphs inside are not looked at. */
export function attributeKey(attribute: Attribute, side: Side, contents: Contents): string {
  switch (attribute.kind) {
    case 'float':
      return `f${float32Text(attribute.value)}`;
    case 'floats':
      return `F${attribute.value.map(float32Text).join(',')}`;
    case 'int':
      return `i${attribute.value}`;
    case 'ints':
      return `I${attribute.value.join(',')}`;
    case 'string':
    case 'strings':
      return `${attribute.kind}${JSON.stringify(attribute.value)}`;
    case 'tensor':
      return `t${contents.key(attribute.value, side.path)}`;
    case 'tensors':
      return `T${attribute.value.map(t => contents.key(t, side.path)).join(';')}`;
    case 'graph':
      return 'g';
    case 'graphs':
      return `G${attribute.value.length}`;
    case 'reference':
      return `@${JSON.stringify(attribute.value)}:${attribute.type}`;
    case 'other':
      return `o${attribute.type} ${recordOf(attribute)}`;
  }
}

/** The bytes of an attribute that `bwc` does not look into, where it was read from a file. */
function recordOf({ origin }: Attribute): string {
  const { bytes } = (origin ?? {}) as { readonly bytes?: unknown };
  return bytes instanceof Uint8Array ? Buffer.from(bytes).toString('base64url') : '';
}
