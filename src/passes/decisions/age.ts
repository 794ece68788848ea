import type { Builder, Value } from '../../ir/index.js';
import { field } from '../keep-time.js';
import type { Clock } from '../pass.js';

/** Steps that a field counts: one more, or none where `done` is 1. */
export function aged(b: Builder, { fields }: Clock, name: string, done: Value): Value {
  const older = b.op('Add', [field(fields, name), b.f32(1)]);
  return b.op('Mul', [older, b.op('Sub', [b.f32(1), done])], { name });
}
