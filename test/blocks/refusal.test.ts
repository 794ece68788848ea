import { describe, expect, it } from 'vitest';
import { analyse } from '../../src/blocks/index.js';
import { Refusal } from '../../src/diagnostics/index.js';
import { parse } from '../../src/ir/index.js';
import { defined, FIXTURES, read } from './fixtures.js';
import { toy } from './toy.js';

function refusalOf(call: () => unknown): Refusal['diagnostic'] | undefined {
  try {
    call();
  } catch (error) {
    if (error instanceof Refusal) return error.diagnostic;
    throw error;
  }
  return undefined;
}

describe('what is not a diffusion transformer', () => {
  it('refuses layers without a residual', () => {
    const layers = Array.from(
      { length: 4 },
      (_, i) => `h${i + 1} = MatMul(h${i}, w) \n r${i + 1} = Relu(h${i + 1})`,
    );
    const text = `<ir_version: 8, opset_import: ["" : 17]>
mlp (float[2,8] h0) => (float[2,8] h4) <float[8,8] w = {${Array(64).fill('0.5').join(',')}}> { ${layers.join('\n')} }`;
    const found = refusalOf(() => analyse(parse(text)));
    expect(found?.code).toBe('BWC201');
    expect(found?.message).toContain('no residual update');
  });

  it('refuses a single block, and says what it is', () => {
    const found = refusalOf(() => analyse(parse(toy({ blocks: 1 }))));
    expect(found?.code).toBe('BWC217');
    expect(found?.message).toContain('self-attention + feed-forward');
  });

  it('refuses convolutions with residuals', () => {
    const layers = Array.from(
      { length: 3 },
      (_, i) => `c${i} = Conv<pads = [1,1]>(h${i}, w) \n h${i + 1} = Add(h${i}, c${i})`,
    );
    const text = `<ir_version: 8, opset_import: ["" : 17]>
decoder (float[batch,2,8] h0) => (float[batch,2,8] h3) <float[2,2,3] w = {${Array(12).fill('0.5').join(',')}}> { ${layers.join('\n')} }`;
    const found = refusalOf(() => analyse(parse(text)));
    expect(found?.code).toBe('BWC218');
    expect(found?.message).toContain('3 of its 3');
  });

  it('tells a model that writes text from one that reads it', () => {
    const model = (width: number): string => `<ir_version: 8, opset_import: ["" : 17]>
text (int64[batch,6] ids) => (float[batch,6,${width}] y) <float[5,4] table = {${Array(20).fill('0.5').join(',')}}, float[4,${width}] head = {${Array(
      4 * width,
    )
      .fill('0.5')
      .join(',')}}> {
 h = Gather(table, ids)
 y = MatMul(h, head)
}`;
    expect(refusalOf(() => analyse(parse(model(4))))?.code).toBe('BWC211');
    const found = refusalOf(() => analyse(parse(model(5))));
    expect(found?.code).toBe('BWC216');
    expect(found?.message).toContain('y scores each token');
  });

  it('refuses blocks that all differ', () => {
    const found = refusalOf(() => analyse(parse(toy({ blocks: 2, hidden: i => 8 + 4 * i }))));
    expect(found?.code).toBe('BWC201');
    expect(found?.message).toContain('no two blocks alike');
  });

  it('takes two blocks alike', () => {
    const { blocks, groups, roles } = analyse(parse(toy({ blocks: 2 })));
    expect(blocks.map(b => b.kind)).toEqual(Array(2).fill('self-attention + feed-forward'));
    expect(groups.map(g => g.count)).toEqual([2]);
    expect([roles.latent, roles.timestep, roles.prediction].map(r => r?.value.name)).toEqual(['x', 't', 'y']);
  });

  it('takes the logarithm of a noise level that is embedded for the step', () => {
    const text = toy({ blocks: 2 }).replace('Sin(t)', 'Cos(l)').replace(' e0 = ', ' l = Log(t)\n e0 = ');
    expect(analyse(parse(text)).roles.timestep?.value.name).toBe('t');
  });

  it('refuses what no input tells the step of', () => {
    const found = refusalOf(() => analyse(parse(toy({ blocks: 2, timestep: false }))));
    expect(found?.code).toBe('BWC213');
  });
});

describe('roles that the caller names', () => {
  const fixture = defined(FIXTURES[0]);

  it('win over what the structure says', () => {
    const { roles } = analyse(read(fixture), { timestep: 'class_labels' });
    expect(roles.timestep?.value.name).toBe('class_labels');
    expect(roles.timestep?.reason).toContain('caller');
  });

  it('may be given to any input, and to an output', () => {
    const roles = analyse(read(fixture), { guidance: 'class_labels', prediction: 'sample' }).roles;
    expect(roles.prediction).toMatchObject({ value: { name: 'sample' }, reason: 'named by the caller' });
    expect(roles.others).toMatchObject([{ value: { name: 'class_labels' }, role: 'guidance' }]);
    expect(roles.timestep?.value.name).toBe(fixture.truth.timestep);
  });

  it('must be inputs', () => {
    const found = refusalOf(() => analyse(read(fixture), { latent: 'nothing' }));
    expect(found?.code).toBe('BWC203');
    expect(found?.message).toContain(fixture.truth.latent);
  });

  it('must be an output for the prediction', () => {
    const found = refusalOf(() => analyse(read(fixture), { prediction: fixture.truth.latent }));
    expect(found?.code).toBe('BWC203');
    expect(found?.message).toContain(`outputs: ${fixture.truth.prediction}`);
  });
});
