// Runs a generation of the trained model twice with its generated client: step by step, and by the client's own loop.
// Arguments: model, file of the float32 latent, file for both results. Standard output gets the decisions.
#include "tiny_video_dit.hpp"

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

namespace client = tiny_video_dit;

constexpr std::size_t kSteps = 12;

static std::vector<float> read(const char* path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  std::vector<float> data(static_cast<std::size_t>(file.tellg()) / sizeof(float));
  file.seekg(0);
  file.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size() * sizeof(float)));
  return data;
}

/** Rectified flow with guidance 2 in float64, rounded to float32 after each step. */
static void update(std::size_t step, std::vector<float>& x, const float* cond, const float* uncond) {
  const double delta = 1.0 - static_cast<double>(step + 1) / kSteps - (1.0 - static_cast<double>(step) / kSteps);
  for (std::size_t i = 0; i < x.size(); i++) {
    const double guided = uncond[i] + 2.0 * (static_cast<double>(cond[i]) - uncond[i]);
    x[i] = static_cast<float>(x[i] + delta * guided);
  }
}

int main(int count, char** arguments) {
  if (count != 4) throw std::runtime_error("model, latent, result");
  Ort::Env env;
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
  client::Model model(env, arguments[1], options);
  const std::vector<float> start = read(arguments[2]);
  const std::vector<std::int64_t> shape = {1, 1, 8, 16, 16};
  const std::int64_t label = 3;
  const std::int64_t none = 4;
  const client::Inputs conditions{{nullptr, shape}, {nullptr, {1}}, {&label, {1}}};
  const client::Inputs negative{{nullptr, shape}, {nullptr, {1}}, {&none, {1}}};
  std::vector<float> timesteps;
  for (std::size_t step = 0; step < kSteps; step++)
    timesteps.push_back(static_cast<float>((1.0 - static_cast<double>(step) / kSteps) * 1000.0));

  client::Stream cond = model.stream();
  client::Stream uncond = model.stream();
  std::vector<float> latent = start;
  std::string decisions;
  for (std::size_t step = 0; step < kSteps; step++) {
    const client::Tensor<float> x{latent.data(), shape};
    const client::Tensor<float> t{&timesteps[step], {1}};
    client::Step one = cond.step({x, t, conditions.y});
    client::Step other = uncond.step({x, t, negative.y});
    decisions += one.signals.computed ? 'C' : '.';
    update(step, latent, one.outputs.velocity.GetTensorMutableData<float>(),
           other.outputs.velocity.GetTensorMutableData<float>());
  }
  const std::vector<float> looped = client::denoise(model, start, timesteps, conditions, update, negative);

  std::ofstream file(arguments[3], std::ios::binary);
  for (const std::vector<float>* result : {&std::as_const(latent), &looped})
    file.write(reinterpret_cast<const char*>(result->data()), static_cast<std::streamsize>(result->size() * sizeof(float)));
  std::printf("%s\n", decisions.c_str());
}
