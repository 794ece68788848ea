import {
  generate,
  type HostTensor,
  numbersOf,
  type RunProfile,
  type StepModel,
  type Tensors,
} from '../src/runtime/index.js';

/** A way to use the trained video DiT. */
export interface Use {
  readonly name: string;
  /** The latent at the end. `stream` gives the model anew, with a state of its own. */
  readonly run: (stream: () => StepModel, profile: RunProfile, seed: number) => Promise<HostTensor>;
}

/** Other digits than the profile's: another one, and the one that means none. */
const OTHER = 7n;
const NONE = 10n;

/** Guidance that is switched on. */
const GUIDANCE = 3;

/** As it is calibrated. */
export const USUAL: Use = {
  name: 'as calibrated',
  run: (stream, profile, seed) => finalOf(stream(), profile, seed),
};

/** What calibrations have not seen: the last two begin in the middle of a run. */
export const UNUSUAL: readonly Use[] = [
  {
    name: 'latent scaled by 3',
    run: (stream, profile, seed) => {
      const inputs = Object.entries(profile.inputs).map(([name, spec]) => [
        name,
        spec.role === 'latent' ? { ...spec, scale: 3 } : spec,
      ]);
      return finalOf(stream(), { ...profile, inputs: Object.fromEntries(inputs) }, seed);
    },
  },
  {
    name: 'another label from the middle on',
    run: (stream, profile, seed) => {
      const model = stream();
      const half = profile.sampler.steps / 2;
      return finalOf(
        stepwise(model, (feeds, step) => model.run(step < half ? feeds : labelled(feeds, OTHER))),
        profile,
        seed,
      );
    },
  },
  {
    name: 'guidance from the middle on',
    run: (stream, profile, seed) => {
      const [model, without] = [stream(), stream()];
      const half = profile.sampler.steps / 2;
      const guided = stepwise(model, async (feeds, step) => {
        const result = await model.run(feeds);
        if (step < half) return result;
        const other = await without.run(labelled(feeds, NONE));
        return { ...result, outputs: mixed(result.outputs, other.outputs, GUIDANCE) };
      });
      return finalOf(guided, profile, seed);
    },
  },
];

async function finalOf(model: StepModel, profile: RunProfile, seed: number): Promise<HostTensor> {
  const last = (await generate(model, profile, seed)).at(-1);
  if (last === undefined) throw new Error('a generation has steps');
  return last.latent;
}

function stepwise(
  model: StepModel,
  run: (feeds: Tensors, step: number) => ReturnType<StepModel['run']>,
): StepModel {
  let step = 0;
  return {
    path: model.path,
    inputs: model.inputs,
    outputs: model.outputs,
    run: feeds => run(feeds, step++),
    reset: () => model.reset(),
    close: () => model.close(),
  };
}

function labelled(feeds: Tensors, label: bigint): Tensors {
  return new Map([...feeds, ['y', { type: 'int64', dims: [1], data: BigInt64Array.of(label) }]]);
}

/** `without + scale (given - without)`, output by output. */
function mixed(given: Tensors, without: Tensors, scale: number): Tensors {
  return new Map(
    [...given].map(([name, tensor]) => {
      const [a, b] = [numbersOf(tensor), numbersOf(without.get(name) ?? tensor)];
      const data = Float32Array.from(a, (x, i) => (b[i] ?? 0) + scale * (x - (b[i] ?? 0)));
      return [name, { type: 'float32', dims: tensor.dims, data }];
    }),
  );
}
