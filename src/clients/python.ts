import type { DataType } from '../ir/index.js';
import {
  type ClientFacts,
  docOf,
  freshDims,
  type Port,
  plain,
  type SplitFacts,
  type StatePair,
  sentence,
} from './facts.js';

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
  return `${[
    heading(facts),
    imports(facts),
    types(facts),
    tables(facts),
    model(facts),
    stream(facts),
    loop(facts),
  ]
    .join('\n\n')
    .replaceAll(/\n{4,}/g, '\n\n\n')}\n`;
}

const heading = ({ title, file, split }: ClientFacts): string => `"""A client of ${title}.

Written by \`bwc client\`: write it again when the model is compiled again. The model keeps its cache in extra inputs and
outputs. A stream threads them from step to step; a new generation needs no reset. On a CUDA provider state stays on the
device:

    model = Model(${split ? `${string(split.compute)}, ${string(split.reuse)}` : string(file)}, providers=["CUDAExecutionProvider"], device="cuda")
"""`;

const imports = ({ split }: ClientFacts): string => `from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypedDict
${split ? 'from weakref import WeakKeyDictionary\n' : ''}
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
    #: The graph has read the old state before it writes the new one, so that both may be one buffer.
    in_place: bool
`,
  ].join('\n\n');
}

function tables({ state, knobs, outputs, signals, split }: ClientFacts): string {
  const rows = state.map(pair => `    # ${pair.doc}: ${typeText(pair)}\n    ${pairText(pair)},\n`);
  const inputs = knobs.map(({ input, type, shape, fields }) => {
    const dims = shape.map(d => (typeof d === 'number' ? d : fields.length));
    const values = fields.map(({ name }) => `knobs.${name}`).join(', ');
    return `        ${string(input)}: np.array([${values}], ${NUMPY[type] ?? ''}).reshape(${tuple(dims)}),\n`;
  });
  const told = signals.flatMap(signal => signal.outputs);
  return `
STATE = [
${rows.join('')}]
OUTPUTS = [${outputs.map(port => string(port.name)).join(', ')}]
ON_HOST = [*OUTPUTS, ${[...told, ...(split?.next ?? [])].map(string).join(', ')}]

Feeds = Mapping[str, np.ndarray]
State = dict[str, ort.OrtValue]


def knob_inputs(knobs: Knobs) -> dict[str, np.ndarray]:
    return {
${inputs.join('')}    }
`;
}

const pairText = (pair: StatePair): string =>
  `Pair(${string(pair.name)}, ${string(pair.output)}, ${NUMPY[pair.type] ?? ''}, ${tuple(freshDims(pair))}, ${bool(pair.onDevice)}, ${bool(pair.inPlace)})`;

const bool = (x: boolean): string => (x ? 'True' : 'False');

/** Opening and running: a form of the model is a class of its own. */
const model = ({ split }: ClientFacts): string => (split ? twoModels(split) : ONE_MODEL);

const LOADING = `        providers: Sequence[Any] = ("CPUExecutionProvider",),
        device: str = "cpu",
        options: ort.SessionOptions | None = None,
    ) -> None:`;

const STREAM = `
    def stream(self) -> Stream:
        """A generation of its own: classifier-free guidance takes one stream for each of its two predictions."""
        return Stream(self)
`;

const BIND = `
def run(session: ort.InferenceSession, feeds: Feeds, state: State, same_sizes: bool, device: str) -> State:
    """All tensors in, all out. With the sizes of the step before, state is overwritten where the graph allows it."""
    binding = session.io_binding()
    for name, array in feeds.items():
        binding.bind_cpu_input(name, np.ascontiguousarray(array))
    for pair in STATE:
        value = state[pair.input]
        binding.bind_ortvalue_input(pair.input, value)
        if pair.in_place and same_sizes:
            binding.bind_ortvalue_output(pair.output, value)
        else:
            binding.bind_output(pair.output, device if pair.on_device else "cpu")
    for name in ON_HOST:
        binding.bind_output(name, "cpu")
    session.run_with_iobinding(binding)
    return dict(zip([pair.output for pair in STATE] + ON_HOST, binding.get_outputs()))
`;

const ONE_MODEL = `${BIND}

class Model:
    """The loaded model. \`device\` is where state is kept between steps: the device of the provider."""

    def __init__(
        self,
        path: str,
${LOADING}
        self._session = ort.InferenceSession(path, options, providers=list(providers))
        self._device = device
${STREAM}
    def run(self, inputs: Feeds, knobs: Feeds, state: State, same_sizes: bool) -> State:
        """What a stream does for each step."""
        return run(self._session, {**inputs, **knobs}, state, same_sizes, self._device)
`;

const twoModels = ({ control, computed, next }: SplitFacts): string => `${BIND}

class Model:
    """The two loaded models: one computes every step, the other reuses.

    \`device\` is where state is kept between steps: the device of the provider.
    """

    def __init__(
        self,
        compute: str,
        reuse: str,
${LOADING}
        self._compute, self._reuse = (
            ort.InferenceSession(path, options, providers=list(providers)) for path in (compute, reuse)
        )
        self._device = device
        # Of a state that a step gave: whether the next step may reuse, said with which knobs.
        self._forecasts: WeakKeyDictionary[ort.OrtValue, tuple[bool, Feeds]] = WeakKeyDictionary()
${STREAM}
    def run(self, inputs: Feeds, knobs: Feeds, state: State, same_sizes: bool) -> State:
        """What a stream does for each step: runs the model that it wants."""
        feeds = {**inputs, **knobs}
        results = self._reused(feeds, knobs, state, same_sizes)
        if results is None:
            results = run(self._compute, feeds, state, same_sizes, self._device)
        self._forecasts[results[${string(control.output)}]] = (all_true(results, ${next.map(string).join(', ')}), knobs)
        return results

    def _reused(self, feeds: Feeds, knobs: Feeds, state: State, same_sizes: bool) -> State | None:
        """What the reuse model gives, where the step is one to reuse."""
        control = state[${string(control.name)}]
        may_reuse, said_with = self._forecasts.get(control, (False, None))
        # Of a state from elsewhere and of other knobs the reuse model tells; a fresh state is computed.
        if not (may_reuse if said_with is knobs else np.any(control.numpy())):
            return None
        try:
            results = run(self._reuse, feeds, state, same_sizes, self._device)
        except Exception:
            # A state of other sizes. Of inputs that are wrong by themselves the compute model tells.
            return None
        return None if all_true(results, ${computed.map(string).join(', ')}) else results


def all_true(results: State, *names: str) -> bool:
    return all(np.all(results[name].numpy()) for name in names)
`;

function stream({ signals }: ClientFacts): string {
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
        self.reset()

    def step(self, inputs: Inputs) -> Step:
        """Runs one step. Steps of one stream must not overlap. After one that fails the stream is a fresh one."""
        sizes = {name: np.shape(array) for name, array in inputs.items()}
        try:
            results = self._model.run(inputs, self._knobs, self._state, sizes == self._sizes)  # type: ignore[arg-type]
        except Exception:
            self.reset()
            raise
        self._state = {pair.input: results[pair.output] for pair in STATE}
        self._sizes = sizes
        values: dict[str, Any] = {name: results[name].numpy() for name in ON_HOST}
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
        # The arrays are the caller's: the next step gives state of its own.
        self._sizes: dict[str, tuple[int, ...]] | None = None
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
