import type { Tensor } from '../tensor.js';
import { type DataType, type Dim, type Shape, tensorType, type ValueType } from '../types.js';
import { Cursor } from './cursor.js';
import { ELEM_BY_TEXT, TYPE_WORDS } from './names.js';
import { numberOf } from './numbers.js';
import type {
  AttributeSyntax,
  DeclarationSyntax,
  FunctionSyntax,
  GraphSyntax,
  HeaderSyntax,
  ModelSyntax,
  NodeSyntax,
} from './syntax.js';
import { tensorFromPairs, tensorOfLiterals, tensorOfStrings } from './tensors.js';
import { ATTRIBUTE_TYPES } from './types.js';

/** Reads the grammar of onnx's docs/Syntax.md, one method a rule. */
export class Grammar {
  readonly #cursor: Cursor;

  constructor(text: string) {
    this.#cursor = new Cursor(text);
  }

  model(): ModelSyntax {
    const header = this.#header();
    const graph = this.#graph();
    const functions: FunctionSyntax[] = [];
    while (!this.#cursor.atEnd) functions.push(this.#function());
    return { header, graph, functions };
  }

  #header(): HeaderSyntax {
    const header: HeaderSyntax = {};
    const cursor = this.#cursor;
    if (!cursor.sees('<')) return header;
    cursor.list('<', '>', () => {
      const key = cursor.identifier();
      cursor.expect(':');
      switch (key) {
        case 'ir_version':
          header.irVersion = cursor.int();
          break;
        case 'model_version':
          header.modelVersion = this.#bigint();
          break;
        case 'producer_name':
          header.producerName = cursor.string();
          break;
        case 'producer_version':
          header.producerVersion = cursor.string();
          break;
        case 'domain':
          header.domain = cursor.string();
          break;
        case 'doc_string':
          header.docString = cursor.string();
          break;
        case 'overload':
          header.overload = cursor.string();
          break;
        case 'opset_import':
          header.opsets = new Map(this.#pairs(() => cursor.int()));
          break;
        case 'metadata_props':
          header.metadata = new Map(this.#pairs(() => cursor.string()));
          break;
        default:
          throw cursor.error(`there is no model property ${key}`);
      }
    });
    return header;
  }

  #pairs<T>(value: () => T): [string, T][] {
    return this.#cursor.list('[', ']', () => {
      const key = this.#cursor.string();
      this.#cursor.expect(':');
      return [key, value()];
    });
  }

  #function(): FunctionSyntax {
    const header = this.#header();
    const name = this.#cursor.name();
    const defaults: AttributeSyntax[] = [];
    if (this.#cursor.sees('<')) {
      this.#cursor.list('<', '>', () => {
        const attribute = this.#cursor.name();
        if (this.#cursor.sees(':') || this.#cursor.sees('=')) defaults.push(this.#attributeNamed(attribute));
      });
    }
    return { header, defaults, body: this.#graphNamed(name) };
  }

  #graph(): GraphSyntax {
    return this.#graphNamed(this.#cursor.name());
  }

  #graphNamed(name: string): GraphSyntax {
    const declaration = (): DeclarationSyntax => this.#declaration();
    const inputs = this.#cursor.list('(', ')', declaration);
    this.#cursor.expect('=>');
    const outputs = this.#cursor.list('(', ')', declaration);
    const declarations = this.#cursor.sees('<') ? this.#cursor.list('<', '>', declaration) : [];
    const nodes: NodeSyntax[] = [];
    this.#cursor.expect('{');
    while (!this.#cursor.takes('}')) nodes.push(this.#node());
    return { name, inputs, outputs, declarations, nodes };
  }

  #declaration(): DeclarationSyntax {
    const type = this.#seesType() ? this.#type() : undefined;
    const name = this.#cursor.name();
    return this.#cursor.takes('=') ? { name, type, initializer: this.#contents(type) } : { name, type };
  }

  #node(): NodeSyntax {
    const cursor = this.#cursor;
    let name = '';
    if (cursor.takes('[')) {
      name = cursor.sees(']') ? '' : cursor.name();
      cursor.expect(']');
    }
    const outputs = this.#names('=');
    cursor.expect('=');
    const path = [cursor.name()];
    while (cursor.takes('.')) path.push(cursor.name());
    const opType = path.pop() ?? '';
    const overload = cursor.takes(':') ? cursor.name() : '';
    const before = this.#attributes();
    cursor.expect('(');
    const inputs = this.#names(')');
    cursor.expect(')');
    const attributes = before.length > 0 ? before : this.#attributes();
    return { name, domain: path.join('.'), opType, overload, attributes, inputs, outputs };
  }

  /** Names up to `end`; nothing before a comma is an empty name, and a comma before `end` adds none. */
  #names(end: string): string[] {
    const names: string[] = [];
    while (!this.#cursor.sees(end)) {
      names.push(this.#cursor.sees(',') ? '' : this.#cursor.name());
      if (!this.#cursor.takes(',')) break;
    }
    return names;
  }

  #attributes(): AttributeSyntax[] {
    if (!this.#cursor.sees('<')) return [];
    return this.#cursor.list('<', '>', () => this.#attributeNamed(this.#cursor.name()));
  }

  #attributeNamed(name: string): AttributeSyntax {
    const cursor = this.#cursor;
    const kind = cursor.takes(':') ? cursor.identifier() : '';
    const type = ATTRIBUTE_TYPES.get(kind);
    if (kind !== '' && type === undefined) throw cursor.error(`there is no attribute type ${kind}`);
    cursor.expect('=');
    if (cursor.takes('@')) return { name, kind: 'reference', value: cursor.name(), type: type ?? 0 };
    switch (kind) {
      case '':
        return this.#untyped(name);
      case 'float':
        return { name, kind, value: this.#float() };
      case 'int':
        return { name, kind, value: this.#bigint() };
      case 'string':
        return { name, kind, value: cursor.string() };
      case 'tensor':
        return { name, kind, value: this.#tensor() };
      case 'graph':
        return { name, kind, value: this.#graph() };
      case 'floats':
        return { name, kind, value: cursor.list('[', ']', () => this.#float()) };
      case 'ints':
        return { name, kind, value: cursor.list('[', ']', () => this.#bigint()) };
      case 'strings':
        return { name, kind, value: cursor.list('[', ']', () => cursor.string()) };
      case 'tensors':
        return { name, kind, value: cursor.list('[', ']', () => this.#tensor()) };
      case 'graphs':
        return { name, kind, value: cursor.list('[', ']', () => this.#graph()) };
      default:
        if (cursor.sees('"')) cursor.string();
        else this.#type();
        return { name, kind: 'other', type: type ?? 0 };
    }
  }

  /** An attribute whose value tells the type, as the value does in onnx's parser. */
  #untyped(name: string): AttributeSyntax {
    const cursor = this.#cursor;
    if (!cursor.takes('[')) return this.#untypedValue(name);
    const items: AttributeSyntax[] = [];
    do items.push(this.#untypedValue(name));
    while (cursor.takes(','));
    cursor.expect(']');
    return this.#gathered(name, items);
  }

  #gathered(name: string, items: readonly AttributeSyntax[]): AttributeSyntax {
    const all = <K extends AttributeSyntax['kind']>(
      kind: K,
    ): Extract<AttributeSyntax, { kind: K }>[] | undefined => {
      const same = items.filter((item): item is Extract<AttributeSyntax, { kind: K }> => item.kind === kind);
      return same.length === items.length ? same : undefined;
    };
    const numbers = all('int') ?? [];
    if (numbers.length > 0) return { name, kind: 'ints', value: numbers.map(item => item.value) };
    const floats = all('float');
    if (floats) return { name, kind: 'floats', value: floats.map(item => item.value) };
    const strings = all('string');
    if (strings) return { name, kind: 'strings', value: strings.map(item => item.value) };
    const tensors = all('tensor');
    if (tensors) return { name, kind: 'tensors', value: tensors.map(item => item.value) };
    const graphs = all('graph');
    if (graphs) return { name, kind: 'graphs', value: graphs.map(item => item.value) };
    throw this.#cursor.error(`the values of ${name} are not of one type`);
  }

  #untypedValue(name: string): AttributeSyntax {
    const cursor = this.#cursor;
    if (this.#seesType()) return { name, kind: 'tensor', value: this.#tensor() };
    if (cursor.sees('"')) {
      if (cursor.stringThen('(')) return { name, kind: 'graph', value: this.#graph() };
      return { name, kind: 'string', value: cursor.string() };
    }
    const word = cursor.peekIdentifier();
    if (word !== '' && numberOf(word) === undefined) return { name, kind: 'graph', value: this.#graph() };
    const text = cursor.number();
    if (/^-?\d+$/.test(text)) return { name, kind: 'int', value: BigInt(text) };
    return { name, kind: 'float', value: this.#floatOf(text) };
  }

  #tensor(): Tensor {
    const type = this.#type();
    if (this.#cursor.sees('"') || this.#cursor.peekIdentifier() !== '') this.#cursor.name();
    this.#cursor.takes('=');
    return this.#contents(type);
  }

  #contents(type: ValueType | undefined): Tensor {
    const { elem, dims } = this.#tensorShape(type);
    const cursor = this.#cursor;
    if (cursor.sees('[')) return tensorFromPairs(elem, dims, new Map(this.#pairs(() => cursor.string())));
    if (elem === 'string')
      return tensorOfStrings(
        dims,
        cursor.list('{', '}', () => cursor.string()),
      );
    const tensor = tensorOfLiterals(
      elem,
      dims,
      cursor.list('{', '}', () => cursor.number()),
    );
    if (typeof tensor === 'string') throw cursor.error(tensor);
    return tensor;
  }

  #tensorShape(type: ValueType | undefined): { elem: DataType; dims: readonly number[] } {
    if (type?.kind !== 'tensor') throw this.#cursor.error('a constant needs a tensor type');
    const dims = type.shape?.filter(dim => typeof dim === 'number');
    if (dims === undefined || dims.length !== type.shape?.length) {
      throw this.#cursor.error('a constant needs known dimensions');
    }
    return { elem: type.elem, dims };
  }

  #seesType(): boolean {
    return TYPE_WORDS.has(this.#cursor.peekIdentifier());
  }

  #type(): ValueType {
    const cursor = this.#cursor;
    const word = cursor.identifier();
    const elem = ELEM_BY_TEXT.get(word);
    if (elem !== undefined) return tensorType(elem, this.#shape());
    cursor.expect('(');
    const type = this.#compound(word);
    cursor.expect(')');
    return type;
  }

  #compound(word: string): ValueType {
    const cursor = this.#cursor;
    switch (word) {
      case 'seq':
        return { kind: 'sequence', of: this.#type() };
      case 'optional':
        return { kind: 'optional', of: this.#type() };
      case 'sparse_tensor': {
        const type = this.#type();
        if (type.kind !== 'tensor') throw cursor.error('a sparse tensor needs an element type');
        return { ...type, kind: 'sparse' };
      }
      case 'map':
        this.#type();
        cursor.expect(',');
        this.#type();
        return { kind: 'other' };
      case 'opaque':
        while (!cursor.sees(')')) if (!cursor.takes('.') && !cursor.takes(',')) cursor.identifier();
        return { kind: 'other' };
      default:
        throw cursor.error(`there is no type ${word}`);
    }
  }

  /** No brackets are rank 0, empty ones an unknown rank. */
  #shape(): Shape | undefined {
    if (!this.#cursor.sees('[')) return [];
    const dims = this.#cursor.list('[', ']', () => this.#dim());
    return dims.length === 0 ? undefined : dims;
  }

  #dim(): Dim {
    const cursor = this.#cursor;
    if (cursor.takes('?')) return undefined;
    return cursor.sees('"') || cursor.peekIdentifier() !== '' ? cursor.name() : cursor.int();
  }

  #bigint(): bigint {
    const text = this.#cursor.number();
    if (!/^-?\d+$/.test(text)) throw this.#cursor.error(`expected an integer before this, not ${text}`);
    return BigInt(text);
  }

  #float(): number {
    return this.#floatOf(this.#cursor.number());
  }

  #floatOf(text: string): number {
    const number = numberOf(text);
    if (number === undefined) throw this.#cursor.error(`expected a number before this, not ${text}`);
    return Math.fround(number);
  }
}
