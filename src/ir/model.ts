import type { Attribute } from './attribute.js';
import { Graph } from './graph.js';
import { Names } from './names.js';
import type { Origin } from './origin.js';

/** A model-local function (`FunctionProto`). Its body is a graph whose inputs and outputs are the formal ones. */
export interface FunctionDef {
  readonly domain: string;
  readonly name: string;
  readonly overload: string;
  /** Opsets that the body is written against. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Default values of attribute parameters; parameters without one must be given by the caller. */
  readonly defaults: ReadonlyMap<string, Attribute>;
  /** A fresh copy of the body at each call, so that every call site can be inlined by itself. */
  readonly body: () => Graph;
  readonly origin?: Origin;
}

export interface ModelInit {
  readonly irVersion?: number;
  readonly opsets?: Iterable<readonly [string, number]>;
  readonly graph?: Graph;
  readonly origin?: Origin;
}

/** A whole model. */
export class Model {
  irVersion: number;
  /** Imported operator sets; the standard domain is the empty string. */
  readonly opsets: Map<string, number>;
  producerName = '';
  producerVersion = '';
  domain = '';
  modelVersion = 0n;
  docString = '';
  readonly metadata: Map<string, string> = new Map();
  readonly graph: Graph;
  functions: readonly FunctionDef[] = [];
  readonly names: Names = new Names();
  readonly origin: Origin | undefined;

  constructor(init: ModelInit = {}) {
    this.irVersion = init.irVersion ?? 8;
    this.opsets = new Map(init.opsets ?? [['', 17]]);
    this.graph = init.graph ?? new Graph('main');
    this.origin = init.origin;
  }

  /** Version of the standard operator set. */
  get opset(): number {
    return this.opsets.get('') ?? this.opsets.get('ai.onnx') ?? 1;
  }
}
