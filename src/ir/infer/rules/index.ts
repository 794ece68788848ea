import type { Rule } from '../site.js';
import { contraction } from './contraction.js';
import { control } from './control.js';
import { convolution } from './convolution.js';
import { elementwise } from './elementwise.js';
import { generation } from './generation.js';
import { indexing } from './indexing.js';
import { movement } from './movement.js';
import { normalization } from './normalization.js';
import { quantised } from './quantised.js';
import { reduction } from './reduction.js';
import { resizing } from './resize.js';
import { sequence } from './sequence.js';

/** How the types of a node's outputs follow from those of its inputs, by `node.op`. */
export const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    ...elementwise,
    ...contraction,
    ...convolution,
    ...normalization,
    ...movement,
    ...resizing,
    ...indexing,
    ...reduction,
    ...generation,
    ...quantised,
    ...sequence,
    ...control,
  }),
);
