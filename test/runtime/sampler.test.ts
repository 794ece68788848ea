import { describe, expect, it } from 'vitest';
import { createSampler, parseProfile, type SamplerSpec } from '../../src/runtime/index.js';

const spec = (sampler: Record<string, unknown>): SamplerSpec =>
  parseProfile(
    {
      sampler,
      inputs: {
        x: { role: 'latent', type: 'float32', shape: [2], init: 'normal' },
        t: { role: 'timestep', type: 'float32', shape: [1] },
      },
      prediction: { output: 'v' },
      seeds: [0],
    },
    'test',
  ).sampler;

const DDIM = { kind: 'ddim', steps: 4, betaStart: 0.0001, betaEnd: 0.02, betaSchedule: 'linear' };

describe('flow-matching Euler', () => {
  it('steps from noise to data in equal steps', () => {
    const sampler = createSampler(spec({ kind: 'flow-euler', steps: 4 }));
    expect([...sampler.timesteps]).toEqual([1000, 750, 500, 250]);
    expect([...sampler.update(0, [1, -1], [4, 8])]).toEqual([0, -3]);
  });

  it('shifts noise levels', () => {
    const sampler = createSampler(spec({ kind: 'flow-euler', steps: 2, shift: 3 }));
    expect([...sampler.timesteps]).toEqual([1000, 750]);
    expect([...sampler.update(1, [0], [1])]).toEqual([-0.75]);
  });

  it('flips the timestep and the sign', () => {
    const sampler = createSampler(
      spec({ kind: 'flow-euler', steps: 4, flip: true, sign: -1, timestepScale: 1 }),
    );
    expect([...sampler.timesteps]).toEqual([0, 0.25, 0.5, 0.75]);
    expect([...sampler.update(0, [1], [2])]).toEqual([1.5]);
  });

  it('arrives at the data when the velocity is exact', () => {
    const sampler = createSampler(spec({ kind: 'flow-euler', steps: 50, shift: 5 }));
    const [data, noise] = [
      [0.25, -0.5],
      [1.5, 0.75],
    ];
    let x: ArrayLike<number> = noise;
    const velocity = noise.map((e, i) => e - (data[i] ?? 0));
    for (let step = 0; step < 50; step++) x = sampler.update(step, x, velocity);
    expect(x[0]).toBeCloseTo(0.25, 5);
    expect(x[1]).toBeCloseTo(-0.5, 5);
  });
});

describe('DDIM', () => {
  /** The textbook: predict the clean sample and the noise, then mix them anew. */
  const independent = (prediction: string, now: number, after: number, x: number, p: number): number => {
    let clean = p;
    let noise = p;
    if (prediction === 'epsilon') clean = (x - Math.sqrt(1 - now) * p) / Math.sqrt(now);
    if (prediction === 'v') {
      clean = Math.sqrt(now) * x - Math.sqrt(1 - now) * p;
      noise = Math.sqrt(now) * p + Math.sqrt(1 - now) * x;
    }
    if (prediction === 'sample') noise = (x - Math.sqrt(now) * p) / Math.sqrt(1 - now);
    return Math.sqrt(after) * clean + Math.sqrt(1 - after) * noise;
  };

  const alphaAt = (t: number, scaled = false): number => {
    let product = 1;
    for (let i = 0; i <= t; i++) {
      const part = i / 999;
      const beta = scaled
        ? (Math.sqrt(0.0001) + part * (Math.sqrt(0.02) - Math.sqrt(0.0001))) ** 2
        : 0.0001 + part * (0.02 - 0.0001);
      product *= 1 - beta;
    }
    return product;
  };

  it('has the timesteps of diffusers', () => {
    expect([...createSampler(spec({ ...DDIM, prediction: 'epsilon' })).timesteps]).toEqual([
      750, 500, 250, 0,
    ]);
    const trailing = createSampler(spec({ ...DDIM, prediction: 'epsilon', spacing: 'trailing' }));
    expect([...trailing.timesteps]).toEqual([999, 749, 499, 249]);
  });

  it.each(['epsilon', 'v', 'sample'] as const)('updates by the textbook from %s', prediction => {
    for (const betaSchedule of ['linear', 'scaled_linear']) {
      const sampler = createSampler(spec({ ...DDIM, betaSchedule, prediction }));
      const scaled = betaSchedule === 'scaled_linear';
      const [x, p] = [0.7, -0.3];
      const middle = independent(prediction, alphaAt(500, scaled), alphaAt(250, scaled), x, p);
      expect(sampler.update(1, [x], [p])[0]).toBeCloseTo(middle, 6);
      const last = independent(prediction, alphaAt(0, scaled), 1, x, p);
      expect(sampler.update(3, [x], [p])[0]).toBeCloseTo(last, 6);
      const first = createSampler(spec({ ...DDIM, betaSchedule, prediction, finalAlpha: 'first' }));
      expect(first.update(3, [x], [p])[0]).toBeCloseTo(x, 6);
    }
  });

  it('knows a cumulative alpha by heart', () => {
    // prod(1 - linspace(1e-4, 0.02, 1000)), the last signal level of DDPM: 4.0358e-5
    expect(alphaAt(999)).toBeCloseTo(4.0358e-5, 8);
  });
});
