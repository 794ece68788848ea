import {
  type Attribute,
  DATA_TYPES,
  type Graph,
  type Node,
  type Tensor,
  type Value,
} from '../../ir/index.js';
import { float32Text } from '../../ir/text/numbers.js';
import { contentsText, tensorTypeText } from '../../ir/text/tensors.js';
import { printable, shorten } from '../text.js';
import { stringElements } from './contents.js';

/** Elements that are shown of a list or a tensor. */
const SHOWN = 8;

/** An attribute's value in a few words, as ONNX's textual syntax has it. */
export function attributeText(attribute: Attribute): string {
  switch (attribute.kind) {
    case 'float':
      return float32Text(attribute.value);
    case 'floats':
      return list(attribute.value.map(float32Text));
    case 'int':
      return String(attribute.value);
    case 'ints':
      return list(attribute.value.map(String));
    case 'string':
      return JSON.stringify(attribute.value);
    case 'strings':
      return list(attribute.value.map(text => JSON.stringify(text)));
    case 'tensor':
      return tensorText(attribute.value);
    case 'tensors':
      return list(attribute.value.map(tensorText));
    case 'graph':
      return `graph of ${attribute.value.nodes.length} nodes`;
    case 'graphs':
      return list(attribute.value.map(g => `graph of ${g.nodes.length} nodes`));
    case 'reference':
      return `@${attribute.value}`;
    case 'other':
      return `attribute of type ${attribute.type}`;
  }
}

export function tensorText(tensor: Tensor): string {
  const type = tensorTypeText(tensor);
  const { external } = tensor;
  if (external) return `${type} in ${external.location} at ${external.offset}`;
  const strings = stringElements(tensor);
  if (strings) return `${type} ${list(strings.map(text => JSON.stringify(text)))}`;
  if (tensor.size <= SHOWN) return `${type} ${contentsText(tensor, SHOWN)}`;
  const head = tensor.byteLength <= 64 * 1024 ? tensor.numbers()?.slice(0, 4) : undefined;
  return head === undefined ? type : `${type} {${head.map(short).join(', ')}, …}`;
}

export function weightText(value: Value): string {
  const { initializer } = value;
  return initializer === undefined ? value.name : tensorText(initializer);
}

/** Parts of a name, between dots and slashes, that are kept from its end where a line is too long; and whether attributes are. */
const SHORTER = [
  [3, true],
  [2, true],
  [3, false],
  [2, false],
  [1, false],
] as const;

/** `y = Op <attributes> (inputs)`: a node on one line; a line too long for the width says less of names and attributes. */
export function nodeText(node: Node, width: number = Number.POSITIVE_INFINITY): string {
  let text = nodeLine(node, Number.POSITIVE_INFINITY, true);
  for (const [parts, attributes] of SHORTER) {
    if (text.length <= width) return text;
    text = nodeLine(node, parts, attributes);
  }
  return shorten(text, width);
}

function nodeLine(node: Node, parts: number, withAttributes: boolean): string {
  const attributes = [...node.attributes.values()].filter(a => a.kind !== 'graph' && a.kind !== 'graphs');
  const texts = withAttributes ? attributes.map(a => `${a.name}=${valueText(node, a)}`) : ['…'];
  const names = (values: readonly (Value | undefined)[]): string[] =>
    values.map(v => (v === undefined ? '""' : endOf(v.name, parts)));
  const outputs = names(node.outputs);
  const more = Number.isFinite(parts) && outputs.length > 3 ? [`… ${outputs.length - 2} more`] : [];
  const shown = more.length > 0 ? [...outputs.slice(0, 2), ...more] : outputs;
  const overload = node.overload ? `:${node.overload}` : '';
  const list = attributes.length > 0 ? ` <${texts.join(', ')}>` : '';
  return printable(`${shown.join(', ')} = ${node.op}${overload}${list} (${names(node.inputs).join(', ')})`);
}

/** A type that a node converts to is a number in the file. */
function valueText(node: Node, attribute: Attribute): string {
  if (attribute.name === 'to' && attribute.kind === 'int' && node.domain === '')
    return DATA_TYPES[Number(attribute.value)] ?? attributeText(attribute);
  return attributeText(attribute);
}

/** The last parts of a name: `…linear_1.bias`. */
function endOf(name: string, parts: number): string {
  if (!Number.isFinite(parts)) return name;
  const all = name.split(/(?<=[./])/);
  return all.length <= parts ? name : `…${all.slice(-parts).join('')}`;
}

/** `main › node › branch`. */
export function pathOf(graph: Graph): string {
  const { owner } = graph;
  if (owner === undefined) return printable(graph.name || 'graph');
  const above = owner.graph ? pathOf(owner.graph) : '?';
  const node = owner.name || owner.outputs[0]?.name || owner.opType;
  return `${above} › ${printable(node)} › ${keyIn(owner, graph)}`;
}

/** The attribute that holds a graph. */
function keyIn(owner: Node, graph: Graph): string {
  for (const attribute of owner.attributes.values()) {
    if (attribute.kind === 'graph' && attribute.value === graph) return attribute.name;
    if (attribute.kind === 'graphs') {
      const at = attribute.value.indexOf(graph);
      if (at >= 0) return `${attribute.name}.${at}`;
    }
  }
  return '?';
}

function list(texts: readonly string[]): string {
  const more = texts.length > SHOWN ? `, … ${texts.length - SHOWN} more` : '';
  return `[${texts.slice(0, SHOWN).join(', ')}${more}]`;
}

function short(x: number): string {
  return String(Number(x.toPrecision(4)));
}
