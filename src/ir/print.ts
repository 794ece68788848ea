import type { Attribute } from './attribute.js';
import { graphsOf } from './attribute.js';
import type { Graph } from './graph.js';
import type { FunctionDef, Model } from './model.js';
import type { Node } from './node.js';
import type { Tensor } from './tensor.js';
import { isPlain, nameText, quoted } from './text/names.js';
import { float32Text } from './text/numbers.js';
import { contentsText, pairsText, tensorTypeText } from './text/tensors.js';
import { attributeTypeText, valueTypeText } from './text/types.js';
import { tensorType, type ValueType } from './types.js';
import type { Value } from './value.js';

export interface PrintOptions {
  /** Tensors with more elements than this print elided: type and dimensions stay, a hash stands for the rest. */
  readonly elideAbove?: number;
  /** Whether types of inner values print too (`value_info`). */
  readonly types?: boolean;
}

const ELIDE_ABOVE = 16;

/**
 * A model in ONNX's textual syntax (onnx, docs/Syntax.md). The syntax has no place for documentation and metadata of
 * graphs, nodes and values, for names of tensors in attributes, or for types other than tensors, sequences and
 * optionals: those are left out. Names that onnx's parser takes only unquoted (attributes, operators, domains,
 * graphs in attributes) are quoted when they must be, which `parse` accepts.
 */
export function print(model: Model, options: PrintOptions = {}): string {
  const printer = new Printer(options);
  const parts = [
    header(model),
    printer.graph(model.graph, ''),
    ...model.functions.map(f => printer.function(f)),
  ];
  return `${parts.join('\n')}\n`;
}

/** One graph, with the graphs nested in it. */
export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  return `${new Printer(options).graph(graph, '')}\n`;
}

function header(model: Model): string {
  const entries = [`ir_version: ${model.irVersion}`, `opset_import: ${opsetsText(model.opsets)}`];
  if (model.producerName) entries.push(`producer_name: ${quoted(model.producerName)}`);
  if (model.producerVersion) entries.push(`producer_version: ${quoted(model.producerVersion)}`);
  if (model.domain) entries.push(`domain: ${quoted(model.domain)}`);
  if (model.modelVersion) entries.push(`model_version: ${model.modelVersion}`);
  if (model.docString) entries.push(`doc_string: ${quoted(model.docString)}`);
  if (model.metadata.size > 0) entries.push(`metadata_props: ${pairsText(model.metadata)}`);
  return headerText(entries);
}

function headerText(entries: readonly string[]): string {
  return `<\n${entries.map(entry => INDENT + entry).join(',\n')}\n>`;
}

function opsetsText(opsets: ReadonlyMap<string, number>): string {
  return `[${Array.from(opsets, ([domain, version]) => `${quoted(domain)} : ${version}`).join(', ')}]`;
}

class Printer {
  readonly #limit: number;
  readonly #types: boolean;

  constructor(options: PrintOptions) {
    this.#limit = options.elideAbove ?? ELIDE_ABOVE;
    this.#types = options.types ?? false;
  }

  graph(graph: Graph, indent: string): string {
    const ports = `${portsText(graph.inputs)} => ${portsText(graph.outputs)}`;
    return `${nameText(graph.name)} ${ports}${this.#declarations(graph, indent)} ${this.#body(graph, indent)}`;
  }

  function(def: FunctionDef): string {
    const body = def.body();
    const entries = [`domain: ${quoted(def.domain)}`];
    if (def.overload) entries.push(`overload: ${quoted(def.overload)}`);
    entries.push(`opset_import: ${opsetsText(def.opsets)}`);
    const parameters = [...referencesIn(body)].filter(name => !def.defaults.has(name)).map(attributeName);
    for (const attribute of def.defaults.values()) parameters.push(this.#attribute(attribute, ''));
    const attributes = parameters.length > 0 ? ` <${parameters.join(', ')}>` : '';
    const ports = `${portsText(body.inputs)} => ${portsText(body.outputs)}`;
    const rest = `${ports}${this.#declarations(body, '')} ${this.#body(body, '')}`;
    return `${headerText(entries)}\n${nameText(def.name)}${attributes} ${rest}`;
  }

  /** Initializers and, when asked for, types of inner values. */
  #declarations(graph: Graph, indent: string): string {
    const entries: string[] = [];
    for (const { name, initializer } of graph.initializers) {
      if (initializer)
        entries.push(`${tensorTypeText(initializer)} ${nameText(name)} = ${this.#contents(initializer)}`);
    }
    if (this.#types) entries.push(...innerTypes(graph));
    if (entries.length === 0) return '';
    return ` <\n${entries.map(entry => indent + INDENT + entry).join(',\n')}\n${indent}>`;
  }

  #body(graph: Graph, indent: string): string {
    if (graph.nodes.length === 0) return `{\n${indent}}`;
    return `{\n${graph.nodes.map(node => this.#node(node, indent + INDENT)).join('\n')}\n${indent}}`;
  }

  #node(node: Node, indent: string): string {
    const label = node.name ? `[${nameText(node.name)}] ` : '';
    const domain = node.domain ? `${domainText(node.domain)}.` : '';
    const overload = node.overload ? `:${operatorName(node.overload)}` : '';
    const operator = domain + operatorName(node.opType) + overload;
    const attributes = this.#attributes(node, indent);
    const outputs = node.outputs.length > 0 ? `${valuesText(node.outputs)} ` : '';
    const head = `${indent}${label}${outputs}= ${operator}`;
    const inputs = `(${valuesText(node.inputs)})`;
    return node.subgraphs.length > 0 ? `${head} ${inputs}${attributes}` : `${head}${attributes} ${inputs}`;
  }

  #attributes(node: Node, indent: string): string {
    if (node.attributes.size === 0) return '';
    const texts = Array.from(node.attributes.values(), attribute => this.#attribute(attribute, indent));
    return ` <${texts.join(', ')}>`;
  }

  #attribute(attribute: Attribute, indent: string): string {
    const name = attributeName(attribute.name);
    if (attribute.kind === 'reference') {
      const type = attribute.type === 0 ? '' : `: ${attributeTypeText(attribute.type)}`;
      return `${name}${type} = @${nameText(attribute.value)}`;
    }
    if (attribute.kind === 'other') return `${name}: ${attributeTypeText(attribute.type)} = "elided"`;
    return `${name}: ${attribute.kind} = ${this.#attributeValue(attribute, indent)}`;
  }

  #attributeValue(attribute: Exclude<Attribute, { kind: 'reference' | 'other' }>, indent: string): string {
    switch (attribute.kind) {
      case 'float':
        return float32Text(attribute.value);
      case 'int':
        return String(attribute.value);
      case 'string':
        return quoted(attribute.value);
      case 'tensor':
        return this.#tensor(attribute.value);
      case 'graph':
        return this.graph(attribute.value, indent);
      case 'floats':
        return listText(attribute.value, float32Text);
      case 'ints':
        return listText(attribute.value, String);
      case 'strings':
        return listText(attribute.value, quoted);
      case 'tensors':
        return listText(attribute.value, tensor => this.#tensor(tensor));
      case 'graphs':
        return listText(attribute.value, graph => this.graph(graph, indent));
    }
  }

  /** The `=` before brackets keeps them from being read as dimensions. */
  #tensor(tensor: Tensor): string {
    const contents = this.#contents(tensor);
    return `${tensorTypeText(tensor)} ${contents.startsWith('[') ? '= ' : ''}${contents}`;
  }

  #contents(tensor: Tensor): string {
    return contentsText(tensor, this.#limit);
  }
}

const INDENT = '   ';

function listText<T>(values: readonly T[], text: (value: T) => string): string {
  return `[${values.map(text).join(', ')}]`;
}

function portsText(values: readonly Value[]): string {
  return `(${values.map(value => valueTypeText(declaredType(value)) + nameText(value.name)).join(', ')})`;
}

function declaredType(value: Value): ValueType | undefined {
  const { type, initializer } = value;
  return type ?? (initializer && tensorType(initializer.elem, initializer.dims));
}

function valuesText(values: readonly (Value | undefined)[]): string {
  return values.map(value => (value ? nameText(value.name) : '""')).join(', ');
}

function innerTypes(graph: Graph): string[] {
  const returned = new Set(graph.outputs);
  const texts: string[] = [];
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      const type = valueTypeText(value?.type);
      if (value && type && !returned.has(value)) texts.push(type + nameText(value.name));
    }
  }
  return texts;
}

/** Names that the syntax takes only as identifiers; other ones are quoted, which `parse` accepts. */
function operatorName(name: string): string {
  return isPlain(name) ? name : quoted(name);
}

const attributeName = operatorName;

function domainText(domain: string): string {
  return domain.split('.').every(isPlain) ? domain : quoted(domain);
}

/** Names of the attribute parameters that a function's body refers to, in order of appearance. */
function referencesIn(graph: Graph): Set<string> {
  const names = new Set<string>();
  for (const node of graph.nodes) {
    for (const attribute of node.attributes.values()) {
      if (attribute.kind === 'reference') names.add(attribute.value);
      for (const sub of graphsOf(attribute)) for (const name of referencesIn(sub)) names.add(name);
    }
  }
  return names;
}
