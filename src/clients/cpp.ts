import type { DataType } from '../ir/index.js';
import { type ClientFacts, docOf, freshDims, type Port, plain, sentence, typeOf } from './facts.js';

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
  return `${[heading(facts), types(named), stream(named), MODEL, loop(named), '}  // namespace'].join('\n\n')} ${space(facts)}\n`;
}

interface NamedPort extends Port {
  readonly member: string;
}

interface Named extends ClientFacts {
  readonly inputs: readonly NamedPort[];
  readonly outputs: readonly NamedPort[];
}

const space = ({ file }: ClientFacts): string => identifier(file.replace(/\.onnx$/, ''));

const heading = (facts: ClientFacts): string => `/**
 * A client of ${facts.title}.
 *
 * Written by \`bwc client\`: write it again when the model is compiled again. The model keeps its cache in extra inputs and
 * outputs. A stream threads them from step to step; a new generation needs no reset. With the CUDA provider appended to the session's options, state stays on the device:
 *
 *     Ort::MemoryInfo cuda("Cuda", OrtDeviceAllocator, 0, OrtMemTypeDefault);
 *     ${space(facts)}::Model model(env, "${facts.file.replaceAll(/["\\]/g, '')}", options, cuda);
 */
#pragma once

#include <onnxruntime_cxx_api.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
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

function types({ inputs, outputs, knobs, signals }: Named): string {
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
};`;
}

function stream({ inputs, outputs, state, knobs, signals }: Named): string {
  const knobLines = knobs.map(({ input, type, fields }, i) => {
    const values = fields.map(({ name }) => `static_cast<${CPP[type] ?? ''}>(knobs.${identifier(name)})`);
    return `    const std::vector<${CPP[type] ?? ''}> knobs${i} = {${values.join(', ')}};
    bind(binding, ${string(input)}, Tensor<${CPP[type] ?? ''}>{knobs${i}.data(), {${fields.length}}});
`;
  });
  const told = signals.flatMap(signal => signal.outputs);
  let at = state.length;
  const outputLines = outputs.map(port => `    step.outputs.${port.member} = std::move(results[${at++}]);\n`);
  const signalLines = signals.map(({ name, outputs: list }) => {
    const values = list.map(() => `numbers(results[${at++}])`).join(', ');
    return name === 'computed'
      ? `    step.signals.computed = least({${values}}) != 0;\n`
      : `    step.signals.${identifier(name)} = most({${values}});\n`;
  });
  return `/** One generation: the state between its steps. It must not outlive its model. */
class Stream {
 public:
  Knobs knobs;

  Stream(Ort::Session& session, const OrtMemoryInfo* device) : session_(&session), device_(device) { reset(); }

  /** Runs one step. Steps of one stream must not overlap. */
  Step step(const Inputs& inputs) {
    Ort::IoBinding binding(*session_);
${inputs.map(port => `    bind(binding, ${string(port.name)}, inputs.${port.member});\n`).join('')}${knobLines.join('')}\
${state.map((pair, i) => `    binding.BindInput(${string(pair.name)}, state_[${i}]);\n`).join('')}\
${state.map(pair => `    bind_output(binding, ${string(pair.output)}, ${pair.onDevice ? 'device_' : 'host_'});\n`).join('')}\
${[...outputs.map(port => port.name), ...told].map(name => `    bind_output(binding, ${string(name)}, host_);\n`).join('')}\
    session_->Run(Ort::RunOptions{nullptr}, binding);
    std::vector<Ort::Value> results = binding.GetOutputValues();
    Step step;
${outputLines.join('')}${signalLines.join('')}\
    results.erase(results.begin() + ${state.length}, results.end());
    state_ = std::move(results);
    return step;
  }

  /** Forgets everything. A new generation does not need it. */
  void reset() {
    state_.clear();
${state
  .map(
    pair =>
      `    // ${pair.doc}: ${plain(typeOf(pair))}\n    add_zeros({${freshDims(pair).join(', ')}}, ${ENUMS[pair.type] ?? ''}, ${width(pair.type)});\n`,
  )
  .join('')}\
  }

 private:
  template <typename T>
  void bind(Ort::IoBinding& binding, const char* name, const Tensor<T>& tensor) {
    std::size_t count = 1;
    for (std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
    binding.BindInput(name, Ort::Value::CreateTensor<T>(host_, const_cast<T*>(tensor.data), count, tensor.shape.data(),
                                                        tensor.shape.size()));
  }

  static void bind_output(Ort::IoBinding& binding, const char* name, const OrtMemoryInfo* memory) {
    Ort::ThrowOnError(Ort::GetApi().BindOutputToDevice(binding, name, memory));
  }

  /** State as a generation starts with it; sizes that the caller chooses are 0. */
  void add_zeros(const std::vector<std::int64_t>& shape, ONNXTensorElementDataType type, std::size_t width) {
    Ort::AllocatorWithDefaultOptions allocator;
    Ort::Value value = Ort::Value::CreateTensor(allocator, shape.data(), shape.size(), type);
    for (std::int64_t size : shape) width *= static_cast<std::size_t>(size);
    if (width > 0) std::memset(value.GetTensorMutableData<std::uint8_t>(), 0, width);
    state_.push_back(std::move(value));
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

  Ort::Session* session_;
  const OrtMemoryInfo* device_;
  Ort::MemoryInfo host_ = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault);
  std::vector<Ort::Value> state_;
};`;
}

const MODEL = `/** The loaded model. \`device\` is where state is kept between steps: the device of the provider. */
class Model {
 public:
  Model(Ort::Env& env, const ORTCHAR_T* path, const Ort::SessionOptions& options,
        Ort::MemoryInfo device = Ort::MemoryInfo::CreateCpu(OrtDeviceAllocator, OrtMemTypeDefault))
      : session_(env, path, options), device_(std::move(device)) {}
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;

  /** A generation of its own: classifier-free guidance takes one stream for each of its two predictions. */
  Stream stream() { return Stream(session_, device_); }

 private:
  Ort::Session session_;
  Ort::MemoryInfo device_;
};`;

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
