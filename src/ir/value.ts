import type { Graph } from './graph.js';
import type { Node } from './node.js';
import type { Origin } from './origin.js';
import type { Tensor } from './tensor.js';
import type { ValueType } from './types.js';

/** Whoever reads a value: a node through an input, or a graph through an output. */
export type User = Node | Graph;

/** What the verifier notes of a value, in the run that met it last. */
export interface Met {
  run: number;
  /** Whether it is visible at the point that the walk has reached. */
  visible: boolean;
  /** Whether a node outputs it. */
  produced: boolean;
  /** Reads of it so far. */
  uses: number;
}

const NO_USERS: ReadonlyMap<User, number> = new Map();

/**
 * One SSA value: a graph input, an initializer, or a node's output. It has identity; the name serves files
 * and messages. Uses are kept by the consumers, in both directions and for graph outputs too.
 */
export class Value {
  name: string;
  type: ValueType | undefined;
  /** The node whose output this is. */
  producer: Node | undefined;
  /** The graph that declares it, for graph inputs and initializers. */
  home: Graph | undefined;
  /** Its constant, for initializers; a graph input with an initializer has a default value. */
  initializer: Tensor | undefined;
  docString = '';
  /** The `ValueInfoProto` it was declared by. */
  origin: Origin | undefined;
  /** Kept by the verifier; nobody else looks. */
  met: Met | undefined;
  #metadata: Map<string, string> | undefined;
  /** Readers and how often each reads; made when the first comes, since it is the largest part of a value. */
  #users: Map<User, number> | undefined;
  #uses = 0;

  constructor(name: string, type?: ValueType) {
    this.name = name;
    this.type = type;
  }

  get metadata(): Map<string, string> {
    this.#metadata ??= new Map();
    return this.#metadata;
  }

  /** True when there is metadata; cheaper than to ask for the map. */
  get hasMetadata(): boolean {
    return this.#metadata !== undefined && this.#metadata.size > 0;
  }

  /** The graph in whose scope the value is defined, or undefined for a detached value. */
  get graph(): Graph | undefined {
    return this.producer?.graph ?? this.home;
  }

  get isGraphInput(): boolean {
    return this.home?.inputs.includes(this) ?? false;
  }

  /** Readers, each once, in the order in which they first read it. */
  get users(): IterableIterator<User> {
    return (this.#users ?? NO_USERS).keys();
  }

  /** Inputs and graph outputs that read it, all together. */
  get useCount(): number {
    return this.#uses;
  }

  get isUsed(): boolean {
    return this.#users !== undefined && this.#users.size > 0;
  }

  /** Number of inputs (or graph outputs) of `user` that read this value. */
  usesBy(user: User): number {
    return this.#users?.get(user) ?? 0;
  }

  /** Kept by `Node` and `Graph`; nobody else calls it. */
  countUse(user: User, by: 1 | -1): void {
    this.#uses += by;
    this.#users ??= new Map();
    const count = this.usesBy(user) + by;
    if (count === 0) this.#users.delete(user);
    else this.#users.set(user, count);
  }

  /** Makes every reader, or those that `where` accepts, read `other` instead. */
  replaceUses(other: Value, where: (user: User) => boolean = () => true): void {
    for (const user of [...this.users]) if (where(user)) user.replaceInput(this, other);
  }

  toString(): string {
    return `%${this.name}`;
  }
}
