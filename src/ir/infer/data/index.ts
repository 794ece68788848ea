import { arithmeticData } from './arithmetic.js';
import type { DataRule } from './rule.js';
import { selectionData } from './selection.js';

export { type Data, type DataRule, MAX_ELEMENTS, MAX_FLOATS, sizeOf } from './rule.js';

/** How elements of small tensors follow from those of the inputs, by operator. */
export const dataRules: ReadonlyMap<string, DataRule> = new Map(
  Object.entries({ ...arithmeticData, ...selectionData }),
);
