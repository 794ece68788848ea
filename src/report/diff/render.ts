import type { Attribute, Graph, Node, Tensor, Value } from '../../ir/index.js';
import { float32Text } from '../../ir/text/numbers.js';
import { contentsText, tensorTypeText } from '../../ir/text/tensors.js';
import { printable } from '../text.js';
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

/** `y = Op <attributes> (inputs)`: a node on one line. */
export function nodeText(node: Node): string {
  const attributes = [...node.attributes.values()].filter(a => a.kind !== 'graph' && a.kind !== 'graphs');
  const texts = attributes.map(a => `${a.name}=${attributeText(a)}`);
  const outputs = node.outputs.map(v => v?.name ?? '""').join(', ');
  const inputs = node.inputs.map(v => v?.name ?? '""').join(', ');
  const overload = node.overload ? `:${node.overload}` : '';
  const op = `${node.op}${overload}`;
  return printable(`${outputs} = ${op}${texts.length > 0 ? ` <${texts.join(', ')}>` : ''} (${inputs})`);
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
