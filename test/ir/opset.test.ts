import { describe, expect, it } from 'vitest';
import { attr } from '../../src/ir/index.js';
import { addedOpAllowed, cudaTypes, isDefault, opProblems, schemaOf } from '../../src/ir/opset.js';

describe('opset', () => {
  it('knows which form of an operator an opset has', () => {
    expect(schemaOf('ReduceMean', 17)).toMatchObject({ since: 13, minInputs: 1, maxInputs: 1 });
    expect(schemaOf('ReduceMean', 18)).toMatchObject({ since: 18, minInputs: 1, maxInputs: 2 });
    expect([...(schemaOf('ReduceMean', 17)?.attributes ?? [])]).toEqual(['axes', 'keepdims']);
    expect(schemaOf('Concat', 20)).toMatchObject({ minInputs: 1, maxInputs: Number.POSITIVE_INFINITY });
    expect(schemaOf('Concat', 20)?.required).toEqual(['axis']);
    expect(schemaOf('LayerNormalization', 16)).toBeUndefined();
    expect(schemaOf('Upsample', 9)?.since).toBe(9);
    expect(schemaOf('Upsample', 10)).toBeUndefined();
    expect(schemaOf('GroupNormalization', 20)).toBeUndefined();
    expect(schemaOf('GroupNormalization', 21)?.since).toBe(21);
    expect(schemaOf('Nothing', 20)).toBeUndefined();
  });

  it('passes what a newer opset may have brought, and what ONNX Runtime adds', () => {
    const use = { inputs: 1, outputs: 1, attributes: new Map([['new', 1]]) };
    expect(opProblems({ op: 'Nothing', ...use }, 1000)).toEqual([]);
    expect(opProblems({ op: 'Neg', ...use, inputs: 9 }, 1000)).toEqual([]);
    expect(opProblems({ op: 'SimplifiedLayerNormalization', ...use }, 17)).toEqual([]);
    expect(opProblems({ op: 'Neg', ...use }, 17)).toEqual(['Neg has no attribute new at opset 17']);
  });

  it('knows what an attribute that is left out counts as', () => {
    expect(isDefault('Softmax', attr.int('axis', 1), 12)).toBe(true);
    expect(isDefault('Softmax', attr.int('axis', 1), 13)).toBe(false);
    expect(isDefault('LayerNormalization', attr.float('epsilon', Math.fround(1e-5)), 17)).toBe(true);
    expect(isDefault('LayerNormalization', attr.float('epsilon', 1e-6), 17)).toBe(false);
    expect(isDefault('Gelu', attr.string('approximate', 'none'), 20)).toBe(true);
    expect(isDefault('Gelu', attr.string('approximate', 'none'), 17)).toBe(false);
    expect(isDefault('Concat', attr.int('axis', 0), 17)).toBe(false);
  });

  it('knows what bwc may add', () => {
    expect(addedOpAllowed('Less', 'float32')).toBe(true);
    expect(addedOpAllowed('Less', 'bfloat16')).toBe(false);
    expect(addedOpAllowed('Where', 'bool')).toBe(false);
    expect(addedOpAllowed('ReduceMean', 'float32')).toBe(true);
    expect(addedOpAllowed('CastLike', 'float32')).toBe(false);
  });

  it('keeps 16-bit types out of reductions even where CUDA has a kernel', () => {
    expect(cudaTypes('ReduceSum')).toContain('bfloat16');
    expect(addedOpAllowed('ReduceSum', 'bfloat16')).toBe(false);
    expect(addedOpAllowed('ReduceMean', 'float16')).toBe(false);
  });
});
