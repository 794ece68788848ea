import type { DataType } from '../ir/index.js';
import { type ClientFacts, docOf, freshDims, type Port, plain, type StatePair, sentence } from './facts.js';

/** Element types that ONNX Runtime takes from NumPy. */
export const NUMPY: Partial<Record<DataType, string>> = {
  float32: 'np.float32',
  float64: 'np.float64',
  float16: 'np.float16',
  int64: 'np.int64',
  int32: 'np.int32',
  int16: 'np.int16',
  int8: 'np.int8',
  uint64: 'np.uint64',
  uint32: 'np.uint32',
  uint16: 'np.uint16',
  uint8: 'np.uint8',
  bool: 'np.bool_',
};

/** The client's text: one module that needs numpy and onnxruntime. */
export function pythonClient(facts: ClientFacts): string {
  return `${[heading(facts), IMPORTS, types(facts), tables(facts), MODEL, stream(facts), loop(facts)]
    .join('\n\n')
    .replaceAll(/\n{4,}/g, '\n\n\n')}\n`;
}

const heading = ({ title, file }: ClientFacts): string => `"""A client of ${title}.

Written by \`bwc client\`: write it again when the model is compiled again. The model keeps its cache in extra inputs and
outputs. A stream threads them from step to step; a new generation needs no reset. On a CUDA provider state stays on the
device:

    model = Model(${string(file)}, providers=["CUDAExecutionProvider"], device="cuda")
"""`;

const IMPORTS = `from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
`;

function types({ inputs, outputs, knobs, signals }: ClientFacts): string {
  const dict = (name: string, doc: string, ports: readonly Port[]): string =>
    `# ${doc}\n${name} = TypedDict(\n    "${name}",\n    {\n${ports
      .map(
        port =>
          `        # ${docOf(port)}\n        ${string(port.name)}: npt.NDArray[${NUMPY[port.type] ?? 'Any'}],\n`,
      )
      .join('')}    },\n)`;
  const fields = knobs.flatMap(knob => knob.fields);
  return [
    dict('Inputs', 'What a step is fed: the inputs of the original model.', inputs),
    dict('Outputs', 'What a step gives: the outputs of the original model.', outputs),
    `
@dataclass(frozen=True)
class Signals:
    """What the model tells of a step."""

${signals.map(({ name, doc }) => `    # ${sentence(doc)}\n    ${name}: ${name === 'computed' ? 'bool' : 'float'}\n`).join('')}`,
    `
@dataclass(frozen=True)
class Knobs:
    """What can be changed without compiling again. 0 always means: as compiled."""

${fields.length === 0 ? '    pass\n' : fields.map(({ name, doc }) => `    # ${sentence(doc)}\n    ${name}: float = 0\n`).join('')}`,
    `
class Step(NamedTuple):
    outputs: Outputs
    signals: Signals


class Pair(NamedTuple):
    """State that is threaded: the output of one step is the input of the next."""

    input: str
    output: str
    type: Any
    #: Sizes that the caller chooses start as 0.
    shape: tuple[int, ...]
    #: Counters stay with the host, which reads them.
    on_device: bool
`,
  ].join('\n\n');
}

function tables({ state, knobs, outputs }: ClientFacts): string {
  const rows = state.map(pair => `    # ${pair.doc}: ${typeText(pair)}\n    ${pairText(pair)},\n`);
  const inputs = knobs.map(({ input, type, shape, fields }) => {
    const dims = shape.map(d => (typeof d === 'number' ? d : fields.length));
    const values = fields.map(({ name }) => `knobs.${name}`).join(', ');
    return `        ${string(input)}: np.array([${values}], ${NUMPY[type] ?? ''}).reshape(${tuple(dims)}),\n`;
  });
  return `
STATE = [
${rows.join('')}]
OUTPUTS = [${outputs.map(port => string(port.name)).join(', ')}]


def knob_inputs(knobs: Knobs) -> dict[str, np.ndarray]:
    return {
${inputs.join('')}    }
`;
}

const pairText = (pair: StatePair): string =>
  `Pair(${string(pair.name)}, ${string(pair.output)}, ${NUMPY[pair.type] ?? ''}, ${tuple(freshDims(pair))}, ${pair.onDevice ? 'True' : 'False'})`;

const MODEL = `
class Model:
    """The loaded model. \`device\` is where state is kept between steps: the device of the provider."""

    def __init__(
        self,
        path: str,
        providers: Sequence[Any] = ("CPUExecutionProvider",),
        device: str = "cpu",
        options: ort.SessionOptions | None = None,
    ) -> None:
        self.session = ort.InferenceSession(path, options, providers=list(providers))
        self.device = device

    def stream(self) -> Stream:
        """A generation of its own: classifier-free guidance takes one stream for each of its two predictions."""
        return Stream(self)
`;

function stream({ signals }: ClientFacts): string {
  const names = signals.flatMap(signal => signal.outputs);
  const read = signals.map(({ name, outputs }) => {
    const values = outputs.map(output => `values[${string(output)}]`).join(', ');
    const all = outputs.length === 1 ? values : `np.concatenate([np.ravel(v) for v in (${values})])`;
    return `                ${name}=${name === 'computed' ? 'bool' : 'float'}(np.${name === 'computed' ? 'all' : 'max'}(${all})),\n`;
  });
  return `
class Stream:
    """One generation: the state between its steps."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._knobs = knob_inputs(Knobs())
        self._state: dict[str, ort.OrtValue] = {}
        self.reset()

    def step(self, inputs: Inputs) -> Step:
        """Runs one step. Steps of one stream must not overlap."""
        binding = self._model.session.io_binding()
        for name, array in {**inputs, **self._knobs}.items():
            binding.bind_cpu_input(name, np.ascontiguousarray(array))
        for name, value in self._state.items():
            binding.bind_ortvalue_input(name, value)
        on_host = OUTPUTS + [${names.map(string).join(', ')}]
        for pair in STATE:
            binding.bind_output(pair.output, self._model.device if pair.on_device else "cpu")
        for name in on_host:
            binding.bind_output(name, "cpu")
        self._model.session.run_with_iobinding(binding)
        results = binding.get_outputs()
        self._state = {pair.input: value for pair, value in zip(STATE, results)}
        values: dict[str, Any] = {name: value.numpy() for name, value in zip(on_host, results[len(STATE) :])}
        return Step(
            outputs={name: values[name] for name in OUTPUTS},  # type: ignore[misc]
            signals=Signals(
${read.join('')}            ),
        )

    def set(self, knobs: Knobs) -> None:
        """Sets the knobs of the steps to come."""
        self._knobs = knob_inputs(knobs)

    def reset(self) -> None:
        """Forgets everything. A new generation does not need it."""
        self.restore({pair.input: np.zeros(pair.shape, pair.type) for pair in STATE})

    def save(self) -> dict[str, np.ndarray]:
        """A copy of the state; numpy.savez and safetensors write it."""
        return {name: value.numpy().copy() for name, value in self._state.items()}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """Goes on from a state of this model."""
        self._state = {pair.input: ort.OrtValue.ortvalue_from_numpy(state[pair.input]) for pair in STATE}
`;
}

function loop({ latent, timestep, prediction }: ClientFacts): string {
  const times = timestep === undefined ? 'steps: int' : 'timesteps: Sequence[np.ndarray]';
  const over =
    timestep === undefined ? 'for step in range(steps)' : 'for step, timestep in enumerate(timesteps)';
  const fed = `${string(latent.name)}: latent${timestep === undefined ? '' : `, ${string(timestep.name)}: timestep`}`;
  return `
def denoise(
    model: Model,
    latent: np.ndarray,
    ${times},
    conditions: dict[str, np.ndarray],
    update: Callable[[int, np.ndarray, np.ndarray, np.ndarray], np.ndarray],
    negative: dict[str, np.ndarray] | None = None,
    on_step: Callable[[int, Signals], None] = lambda step, signals: None,
) -> np.ndarray:
    """A denoising loop to use or to copy.

    \`conditions\` are the inputs that stay the same; with \`negative\`, the same without the prompt, a second stream
    predicts for classifier-free guidance. \`update(step, latent, prediction, negative)\` is the sampler: it gives the latent
    after a step, and without guidance both predictions are the same. Rectified flow with guidance:

        update = lambda step, x, cond, uncond: x + (sigma[step + 1] - sigma[step]) * (uncond + scale * (cond - uncond))
    """
    cond, uncond = model.stream(), model.stream()
    ${over}:
        fed = {${fed}}
        outputs, signals = cond.step({**conditions, **fed})  # type: ignore[arg-type]
        prediction = other = outputs[${string(prediction.name)}]
        if negative is not None:
            other = uncond.step({**negative, **fed}).outputs[${string(prediction.name)}]  # type: ignore[arg-type]
        latent = update(step, latent, prediction, other)
        on_step(step, signals)
    return latent`;
}

const typeText = ({ type, shape = [] }: Port): string => plain(`${type}[${shape.join(', ')}]`);

const tuple = (dims: readonly number[]): string =>
  dims.length === 1 ? `(${dims[0]},)` : `(${dims.join(', ')})`;

const string = (text: string): string => JSON.stringify(text);
