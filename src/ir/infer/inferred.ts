import type { Node } from '../node.js';
import { type DataType, type Dim, isFloat, type Shape, type ValueType } from '../types.js';
import type { Value } from '../value.js';

/** What inference knows of a model's values. It holds for the model as it was; edits are not followed. */
export class Inferred {
  readonly #types: ReadonlyMap<Value, ValueType>;
  readonly #dataOf: (value: Value) => readonly Dim[] | undefined;
  readonly #unruled: ReadonlySet<Node>;

  constructor(
    types: ReadonlyMap<Value, ValueType>,
    dataOf: (value: Value) => readonly Dim[] | undefined,
    unruled: ReadonlySet<Node>,
  ) {
    this.#types = types;
    this.#dataOf = dataOf;
    this.#unruled = unruled;
  }

  /** The declared type refined by inference, or the inferred one. */
  typeOf(value: Value): ValueType | undefined {
    return this.#types.get(value);
  }

  /** Dimensions, in canonical spelling; undefined when not even the rank is known. */
  shapeOf(value: Value): Shape | undefined {
    const type = this.typeOf(value);
    return type?.kind === 'tensor' ? type.shape : undefined;
  }

  elemOf(value: Value): DataType | undefined {
    const type = this.typeOf(value);
    return type?.kind === 'tensor' && type.elem !== 'undefined' ? type.elem : undefined;
  }

  /**
   * Elements of a small integer or boolean tensor in row-major order, as far as they are known without
   * running the model; elements may be symbolic. Undefined when nothing is known.
   */
  constantOf(value: Value): readonly Dim[] | undefined {
    const elem = this.elemOf(value);
    return elem === undefined || isFloat(elem) ? undefined : this.#dataOf(value);
  }

  /** Nodes whose operator has no rule: their outputs have only their declared types. */
  get unruled(): ReadonlySet<Node> {
    return this.#unruled;
  }
}
