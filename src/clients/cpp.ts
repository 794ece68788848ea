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
  typeOf,
} from './facts.js';

/** Element types with their C++ type; half types are ONNX Runtime's own. */
export const CPP: Partial<Record<DataType, string>> = {
  float32: 'float',
  float64: 'double',
  float16: 'Ort::Float16_t',
  bfloat16: 'Ort::BFloat16_t',
  int64: 'std::int64_t',
  int32: 'std::int32_t',
  int16: 'std::int16_t',
  int8: 'std::int8_t',
  uint64: 'std::uint64_t',
  uint32: 'std::uint32_t',
  uint16: 'std::uint16_t',
  uint8: 'std::uint8_t',
  bool: 'bool',
};

/** The client's text: one header for C++17 that needs ONNX Runtime's C++ API. */
export function cppClient(facts: ClientFacts): string {
  const members = new Identifiers();
  const inputs = facts.inputs.map(port => members.add(port));
  const results = new Identifiers();
  const outputs = facts.outputs.map(port => results.add(port));
  const named: Named = { ...facts, inputs, outputs };
  return `${[heading(facts), types(named), stream(named), model(named), loop(named), '}  // namespace'].join('\n\n')} ${space(facts)}\n`;
}

interface NamedPort extends Port {
  readonly member: string;
}

interface Named extends ClientFacts {
  readonly inputs: readonly NamedPort[];
  readonly outputs: readonly NamedPort[];
}

const space = ({ file }: ClientFacts): string => identifier(file.replace(/\.onnx$/, ''));

/** What a model is loaded from. */
const filesOf = ({ file, split }: ClientFacts): readonly string[] =>
  split ? [split.compute, split.reuse] : [file];

const heading = (facts: ClientFacts): string => `/**
 * A client of ${facts.title}.
 *
 * Written by \`bwc client\`: write it again when the model is compiled again. The model keeps its cache in extra inputs and
 * outputs. A stream threads them from step to step; a new generation needs no reset. With the CUDA provider appended to the session's options, state stays on the device:
 *
 *     Ort::MemoryInfo cuda("Cuda", OrtDeviceAllocator, 0, OrtMemTypeDefault);
 *     ${space(facts)}::Model model(env, ${filesOf(facts)
   .map(file => `"${file.replaceAll(/["\\]/g, '')}"`)
   .join(', ')}, options, cuda);
 */
#pragma once

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace ${space(facts)} {

/** A tensor of the caller's, row-major. It is not copied: it must stay until the step is done. */
template <typename T>
struct Tensor {
  const T* data;
  std::vector<std::int64_t> shape;
};`;

function types({ inputs, outputs, knobs, signals, split }: Named): string {
  const fields = knobs.flatMap(knob => knob.fields);
  return `/** What a step is fed: the inputs of the original model. */
struct Inputs {
${inputs.map(port => `  /** ${docOf(port)} */\n  Tensor<${typeName(port)}> ${port.member};\n`).join('')}};

/** What a step gives, in host memory: the outputs of the original model. */
struct Outputs {
${outputs.map(port => `  /** ${docOf(port)} */\n  Ort::Value ${port.member}{nullptr};\n`).join('')}};

/** What the model tells of a step. */
struct Signals {
${signals.map(({ name, doc }) => `  /** ${sentence(doc)} */\n  ${name === 'computed' ? 'bool computed = true' : `double ${identifier(name)} = 0`};\n`).join('')}};

/** What can be changed without compiling again. 0 always means: as compiled. */
struct Knobs {
${fields.map(({ name, doc }) => `  /** ${sentence(doc)} */\n  double ${identifier(name)} = 0;\n`).join('')}};

struct Step {
  Outputs outputs;
  Signals signals;
};

/**
 * What is kept between two steps. A state that was saved is not written to again, and costs no copy. Its tensors are \`tensors\`, in
 * the order of \`reset\`; of a state made by hand the rest may be left out.
 */
struct State {
  std::vector<std::shared_ptr<Ort::Value>> tensors;
  /** Of the inputs of the step that gave it. */
  std::vector<std::vector<std::int64_t>> sizes;
${
  split
    ? `  /** Whether the next step may reuse, said with which knobs; without any the reuse model is asked. */
  bool may_reuse = true;
  std::vector<double> knobs;
`
    : ''
}};`;
}

function stream({ inputs, outputs, state, knobs, signals, split }: Named): string {
  const sessions = split ? ['compute', 'reuse'] : ['session'];
  const knobLines = knobs.map(({ input, type, fields }, i) => {
    const values = fields.map(({ name }) => `static_cast<${CPP[type] ?? ''}>(knobs.${identifier(name)})`);
    return `    const std::vector<${CPP[type] ?? ''}> knobs${i} = {${values.join(', ')}};
    bind(binding, ${string(input)}, Tensor<${CPP[type] ?? ''}>{knobs${i}.data(), {${fields.length}}});
`;
  });
  const onHost = [
    ...outputs.map(port => port.name),
    ...signals.flatMap(signal => signal.outputs),
    ...(split?.next ?? []),
  ];
  const result = (name: string): string => `results[${state.length + onHost.indexOf(name)}]`;
  const told = (names: readonly string[]): string => names.map(name => `numbers(${result(name)})`).join(', ');
  const signalLines = signals.map(({ name, outputs: list }) =>
    name === 'computed'
      ? `    step.signals.computed = least({${told(list)}}) != 0;\n`
      : `    step.signals.${identifier(name)} = most({${told(list)}});\n`,
  );
  return `/** One generation: the state between its steps. It must not outlive its model. */
class Stream {
 public:
  Knobs knobs;

  Stream(${sessions.map(name => `Ort::Session& ${name}, `).join('')}const OrtMemoryInfo* device)
      : ${sessions.map(name => `${name}_(&${name}), `).join('')}device_(device) {
    reset();
  }

  /** Runs one step. Steps of one stream must not overlap. After one that fails the stream is a fresh one. */
  Step step(const Inputs& inputs) {
    const std::vector<std::vector<std::int64_t>> sizes = {${inputs.map(port => `inputs.${port.member}.shape`).join(', ')}};
    std::vector<Ort::Value> results;
    try {
${split ? CHOOSE : '      results = run(*session_, inputs, sizes == state_.sizes);\n'}\
    } catch (...) {
      reset();
      throw;
    }
    Step step;
${signalLines.join('')}\
${split ? `    const bool may_reuse = least({${told(split.next)}}) != 0;\n` : ''}\
${outputs.map(port => `    step.outputs.${port.member} = std::move(${result(port.name)});\n`).join('')}\
    results.erase(results.begin() + ${state.length}, results.end());
    state_ = State{share(std::move(results)), sizes${split ? ', may_reuse, knob_values()' : ''}};
    return step;
  }

  /** The state as it is now; the stream goes on without changing it. */
  State save() const { return state_; }

  /** Goes on from a state of this model. */
  void restore(const State& state) { state_ = state; }

  /** Forgets everything. A new generation does not need it. */
  void reset() {
    std::vector<Ort::Value> fresh;
${state
  .map(
    pair =>
      `    // ${pair.doc}: ${plain(typeOf(pair))}\n    fresh.push_back(zeros({${freshDims(pair).join(', ')}}, ${ENUMS[pair.type] ?? ''}, ${width(pair.type)}));\n`,
  )
  .join('')}\
    state_ = State{share(std::move(fresh)), {}${split ? ', false, knob_values()' : ''}};
  }

 private:
  /** With the sizes of the step before, state that nobody else holds is overwritten where the graph allows it. */
  std::vector<Ort::Value> run(Ort::Session& session, const Inputs& inputs, bool same_sizes) {
    Ort::IoBinding binding(session);
${inputs.map(port => `    bind(binding, ${string(port.name)}, inputs.${port.member});\n`).join('')}${knobLines.join('')}\
${state.map((pair, i) => stateLine(pair, i)).join('')}\
${onHost.map(name => `    bind_output(binding, ${string(name)}, host_);\n`).join('')}\
    session.Run(Ort::RunOptions{nullptr}, binding);
    return binding.GetOutputValues();
  }
${split ? `\n${reused(split, told)}` : ''}
  template <typename T>
  void bind(Ort::IoBinding& binding, const char* name, const Tensor<T>& tensor) {
    std::size_t count = 1;
    for (std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
    binding.BindInput(name, Ort::Value::CreateTensor<T>(host_, const_cast<T*>(tensor.data), count, tensor.shape.data(),
                                                        tensor.shape.size()));
  }

  void bind_state(Ort::IoBinding& binding, std::size_t at, const char* input, const char* output,
                  const OrtMemoryInfo* memory, bool in_place) {
    const std::shared_ptr<Ort::Value>& value = state_.tensors.at(at);
    binding.BindInput(input, *value);
    if (in_place && value.use_count() == 1) {
      binding.BindOutput(output, *value);
    } else {
      bind_output(binding, output, memory);
    }
  }

  static void bind_output(Ort::IoBinding& binding, const char* name, const OrtMemoryInfo* memory) {
    Ort::ThrowOnError(Ort::GetApi().BindOutputToDevice(binding, name, memory));
  }

  static std::vector<std::shared_ptr<Ort::Value>> share(std::vector<Ort::Value> values) {
    std::vector<std::shared_ptr<Ort::Value>> shared;
    for (Ort::Value& value : values) shared.push_back(std::make_shared<Ort::Value>(std::move(value)));
    return shared;
  }

  /** A tensor as a generation starts with it; sizes that the caller chooses are 0. */
  static Ort::Value zeros(const std::vector<std::int64_t>& shape, ONNXTensorElementDataType type, std::size_t width) {
    Ort::AllocatorWithDefaultOptions allocator;
    Ort::Value value = Ort::Value::CreateTensor(allocator, shape.data(), shape.size(), type);
    for (std::int64_t size : shape) width *= static_cast<std::size_t>(size);
    if (width > 0) std::memset(value.GetTensorMutableData<std::uint8_t>(), 0, width);
    return value;
  }

  static std::vector<double> numbers(Ort::Value& value) {
    const auto info = value.GetTensorTypeAndShapeInfo();
    const std::size_t count = info.GetElementCount();
    switch (info.GetElementType()) {
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL:
        return copy(value.GetTensorMutableData<bool>(), count);
      case ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64:
        return copy(value.GetTensorMutableData<std::int64_t>(), count);
      default:
        return copy(value.GetTensorMutableData<float>(), count);
    }
  }

  template <typename T>
  static std::vector<double> copy(const T* data, std::size_t count) {
    std::vector<double> out(count);
    std::transform(data, data + count, out.begin(), [](T x) { return static_cast<double>(x); });
    return out;
  }

  static double least(const std::vector<std::vector<double>>& lists) {
    double x = lists.at(0).at(0);
    for (const auto& list : lists) x = std::min(x, *std::min_element(list.begin(), list.end()));
    return x;
  }

  static double most(const std::vector<std::vector<double>>& lists) {
    double x = lists.at(0).at(0);
    for (const auto& list : lists) x = std::max(x, *std::max_element(list.begin(), list.end()));
    return x;
  }
${split ? `\n${knobValues(knobs)}` : ''}
${sessions.map(name => `  Ort::Session* ${name}_;\n`).join('')}\
  const OrtMemoryInfo* device_;
  Ort::MemoryInfo host_ = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  State state_;
};`;
}

const stateLine = ({ name, output, onDevice, inPlace }: StatePair, i: number): string =>
  `    bind_state(binding, ${i}, ${string(name)}, ${string(output)}, ${onDevice ? 'device_' : 'host_'}, ${inPlace ? 'same_sizes' : 'false'});\n`;

const CHOOSE = `      const bool same_sizes = sizes == state_.sizes;
      std::optional<std::vector<Ort::Value>> reused = reuse(inputs, same_sizes);
      results = reused ? std::move(*reused) : run(*compute_, inputs, same_sizes);
`;

const reused = (
  { computed }: SplitFacts,
  told: (names: readonly string[]) => string,
): string => `  /** What the reuse model gives, where the step is one to reuse. */
  std::optional<std::vector<Ort::Value>> reuse(const Inputs& inputs, bool same_sizes) {
    // Of other knobs the reuse model tells, unless the state is fresh.
    const bool ask = !state_.sizes.empty() && state_.knobs != knob_values();
    if (!state_.may_reuse && !ask) return std::nullopt;
    try {
      std::vector<Ort::Value> results = run(*reuse_, inputs, same_sizes);
      if (least({${told(computed)}}) == 0) return results;
    } catch (const Ort::Exception&) {
      // A state of other sizes. Of inputs that are wrong by themselves the compute model tells.
    }
    return std::nullopt;
  }
`;

const knobValues = (knobs: ClientFacts['knobs']): string => `  std::vector<double> knob_values() const {
    return {${knobs.flatMap(({ fields }) => fields.map(({ name }) => `knobs.${identifier(name)}`)).join(', ')}};
  }
`;

/** The class that loads the model, or both models of a split. */
function model({ split }: ClientFacts): string {
  const names = split ? ['compute', 'reuse'] : ['session'];
  const paths = split ? names : ['path'];
  return `/** ${split ? 'The two loaded models: one computes every step, the other reuses.' : 'The loaded model.'} \`device\` is where state is kept between steps: the device of the provider. */
class Model {
 public:
  Model(Ort::Env& env, ${paths.map(path => `const ORTCHAR_T* ${path}, `).join('')}const Ort::SessionOptions& options,
        Ort::MemoryInfo device = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault))
      : ${names.map((name, i) => `${name}_(env, ${paths[i]}, options), `).join('')}device_(std::move(device)) {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /** A generation of its own: classifier-free guidance takes one stream for each of its two predictions. */
  Stream stream() { return Stream(${names.map(name => `${name}_, `).join('')}device_); }

 private:
${names.map(name => `  Ort::Session ${name}_;\n`).join('')}\
  Ort::MemoryInfo device_;
};`;
}

function loop({ inputs, outputs, latent, timestep, prediction }: Named): string {
  const memberOf = (port: Port): string => inputs.find(p => p.name === port.name)?.member ?? '';
  const output = outputs.find(p => p.name === prediction.name)?.member ?? '';
  const time = timestep === undefined ? undefined : { type: typeName(timestep), member: memberOf(timestep) };
  const fill =
    time === undefined
      ? ''
      : `    std::int64_t count = 1;
    for (std::int64_t size : conditions.${time.member}.shape) count *= size;
    const std::vector<${time.type}> timestep(static_cast<std::size_t>(count), timesteps[step]);
`;
  const set = (to: string, indent: string): string =>
    [
      `${to}${memberOf(latent)}.data = latent.data();`,
      ...(time === undefined ? [] : [`${to}${time.member}.data = timestep.data();`]),
    ]
      .map(line => `${indent}${line}\n`)
      .join('');
  return `/**
 * A denoising loop to use or to copy. \`conditions\` holds every input; data of the latent${time === undefined ? ' is' : ' and the timestep are'} filled in here. With
 * \`negative\`, the same without the prompt, a second stream predicts for classifier-free guidance.
 * \`update(step, latent, prediction, negative)\` is the sampler: it changes the latent in place, and without guidance both
 * predictions are the same. Rectified flow with guidance:
 *
 *     [&](std::size_t step, auto& x, const ${typeName(prediction)}* cond, const ${typeName(prediction)}* uncond) {
 *       const float delta = sigma[step + 1] - sigma[step];
 *       for (std::size_t i = 0; i < x.size(); i++) x[i] += delta * (uncond[i] + scale * (cond[i] - uncond[i]));
 *     }
 */
template <typename Update>
std::vector<${typeName(latent)}> denoise(Model& model, std::vector<${typeName(latent)}> latent, ${time === undefined ? 'std::size_t steps' : `const std::vector<${time.type}>& timesteps`}, Inputs conditions,
    Update update, std::optional<Inputs> negative = std::nullopt) {
  Stream cond = model.stream();
  Stream uncond = model.stream();
  for (std::size_t step = 0; step < ${time === undefined ? 'steps' : 'timesteps.size()'}; step++) {
${fill}${set('conditions.', '    ')}\
    Step one = cond.step(conditions);
    Step other;
    if (negative) {
${set('negative->', '      ')}\
      other = uncond.step(*negative);
    }
    Ort::Value& unguided = negative ? other.outputs.${output} : one.outputs.${output};
    update(step, latent, std::as_const(one.outputs.${output}).template GetTensorData<${typeName(prediction)}>(),
           std::as_const(unguided).template GetTensorData<${typeName(prediction)}>());
  }
  return latent;
}`;
}

const typeName = ({ type }: Port): string => CPP[type] ?? '';

const ENUMS: Partial<Record<DataType, string>> = Object.fromEntries(
  Object.keys(CPP).map(type => [
    type,
    `ONNX_TENSOR_ELEMENT_DATA_TYPE_${{ float32: 'FLOAT', float64: 'DOUBLE' }[type] ?? type.toUpperCase()}`,
  ]),
);

const width = (type: DataType): string => `sizeof(${CPP[type] ?? ''})`;

const KEYWORDS = new Set(
  'alignas alignof and asm auto bool break case catch char class const constexpr continue default delete do double else enum explicit export extern false float for friend goto if inline int long mutable namespace new not nullptr operator or private protected public register return short signed sizeof static struct switch template this throw true try typedef typeid typename union unsigned using virtual void volatile wchar_t while xor'.split(
    ' ',
  ),
);

/** A name of the model as one of C++: no keyword, no reserved underscores. */
function identifier(name: string): string {
  const words = name.replaceAll(/\W+/g, '_').replaceAll(/_{2,}/g, '_').replace(/^_+/, '');
  return KEYWORDS.has(words) || !/^[A-Za-z]/.test(words) ? `t_${words}` : words;
}

/** Members of one struct, each its own. */
class Identifiers {
  readonly #taken = new Set<string>();

  add(port: Port): NamedPort {
    let member = identifier(port.name);
    for (let i = 2; this.#taken.has(member); i++) member = `${identifier(port.name)}_${i}`;
    this.#taken.add(member);
    return { ...port, member };
  }
}

const string = (text: string): string => JSON.stringify(text);
