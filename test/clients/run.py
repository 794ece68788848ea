"""Runs generations with a generated client.

Standard input holds an object: `client` is a path, `models` one or two, `steps` a list of `{"feeds", "outputs"}` as another runtime had
them, `names` the latent, timestep and prediction. Standard output gets the decisions, the difference of the outputs, and
whether saving, restoring, knobs and the client's own loop do what they say, and which state stayed in its buffer. Needs numpy and onnxruntime.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime

sys.path.insert(0, str(Path(__file__).parent.parent / "independent"))
import client as generic  # noqa: E402

task = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("generated", task["client"])
generated = importlib.util.module_from_spec(spec)
sys.modules["generated"] = generated
spec.loader.exec_module(generated)

options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
options.log_severity_level = 3
model = generated.Model(*task["models"], options=options)
feeds = [generic.tensors(step["feeds"]) for step in task["steps"]]
expected = [generic.tensors(step["outputs"]) for step in task["steps"]]

stream = model.stream()
results = []
buffers: list[dict[str, int]] = []
for fed in feeds:
    results.append(stream.step(fed))
    buffers.append({name: value.data_ptr() for name, value in stream._state.items()})

half = len(feeds) // 2
first = model.stream()
for fed in feeds[:half]:
    first.step(fed)
second = model.stream()
second.restore(first.save())
resumed = [second.step(fed).outputs for fed in feeds[half:]]
forced = model.stream()
forced.set(generated.Knobs(force=1))

latent, timestep, prediction = task["names"]
conditions = {name: value for name, value in feeds[0].items() if name not in (latent, timestep)}
seen = []
looped = generated.denoise(
    model,
    feeds[0][latent],
    [fed[timestep] for fed in feeds],
    conditions,
    lambda step, x, cond, uncond: feeds[min(step + 1, len(feeds) - 1)][latent] + 0 * (cond - uncond),
    negative=conditions,
    on_step=lambda step, signals: seen.append(signals),
)
same = lambda got, wanted: all(np.array_equal(a[prediction], b[prediction]) for a, b in zip(got, wanted, strict=True))
json.dump(
    {
        "decisions": "".join("C" if step.signals.computed else "." for step in results),
        "difference": generic.difference([step.outputs for step in results], expected),
        "resumes": same(resumed, [step.outputs for step in results[half:]]),
        "in place": [name for name in buffers[0] if len({at[name] for at in buffers}) == 1],
        "forced": [forced.step(fed).signals.computed for fed in feeds[:2]],
        "loops": seen == [step.signals for step in results] and np.array_equal(looped, feeds[-1][latent]),
    },
    sys.stdout,
)
