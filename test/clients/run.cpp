// Runs a generation of the trained model twice with its generated client: step by step, and by the client's own loop.
// Arguments: file of the float32 latent, file for both results, model or models. Standard output gets the decisions.
#ifdef TWO_MODELS
#include "tiny_video_dit_split.hpp"
namespace client = tiny_video_dit_split;
#else
#include "tiny_video_dit.hpp"
namespace client = tiny_video_dit;
#endif

#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>

constexpr std::size_t kSteps = 30;

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

static void expect(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

int main(int count, char** arguments) {
  expect(count > 3, "latent, result, model");
  Ort::Env env;
  Ort::SessionOptions options;
  options.SetIntraOpNumThreads(1);
#ifdef TWO_MODELS
  client::Model model(env, arguments[3], arguments[4], options);
#else
  client::Model model(env, arguments[3], options);
#endif
  const std::vector<float> start = read(arguments[1]);
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
  client::State saved;
  std::vector<std::vector<float>> latents;
  std::vector<float> last;
  for (std::size_t step = 0; step < kSteps; step++) {
    if (step == kSteps / 2) saved = cond.save();
    latents.push_back(latent);
    const client::Tensor<float> x{latent.data(), shape};
    const client::Tensor<float> t{&timesteps[step], {1}};
    client::Step one = cond.step({x, t, conditions.y});
    client::Step other = uncond.step({x, t, negative.y});
    decisions += one.signals.computed ? 'C' : '.';
    const float* velocity = one.outputs.velocity.GetTensorMutableData<float>();
    last.assign(velocity, velocity + latent.size());
    update(step, latent, velocity, other.outputs.velocity.GetTensorMutableData<float>());
  }

  client::Stream resumed = model.stream();
  // Twice from one saved state, which must not change.
  for (int round = 0; round < 2; round++) {
    resumed.restore(saved);
    for (std::size_t step = kSteps / 2; step < kSteps; step++) {
      client::Step one = resumed.step({{latents[step].data(), shape}, {&timesteps[step], {1}}, conditions.y});
      expect(one.signals.computed == (decisions[step] == 'C'), "a saved state decides alike");
      const float* velocity = one.outputs.velocity.GetTensorMutableData<float>();
      if (step + 1 == kSteps) expect(std::equal(last.begin(), last.end(), velocity), "a saved state gives the same bits");
    }
  }
  resumed.knobs.force = 1;
  for (std::size_t step = 0; step < 3; step++) {
    client::Step one = resumed.step({{latents[step].data(), shape}, {&timesteps[step], {1}}, conditions.y});
    expect(one.signals.computed, "a forced step is computed");
  }

  const std::vector<float> looped = client::denoise(model, start, timesteps, conditions, update, negative);

  std::ofstream file(arguments[2], std::ios::binary);
  for (const std::vector<float>* result : {&std::as_const(latent), &looped})
    file.write(reinterpret_cast<const char*>(result->data()), static_cast<std::streamsize>(result->size() * sizeof(float)));
  std::printf("%s\n", decisions.c_str());
}
