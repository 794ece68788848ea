"""Runs compiled models with the buffers of their manifest shared, and with none shared.

Standard input holds an object of cases by name, each `{"model", "steps", "state"}`: a path, a list of inputs, and the state pairs of
the manifest. Standard output gets, for each, whether all outputs had the same bits, and how many pairs were shared. Needs numpy and
onnxruntime.
"""

import json
import sys

import client
import numpy as np
from onnxruntime import OrtValue


def run(model, state: list[dict], steps: list[client.Tensors], share: bool) -> list[list[bytes]]:
    names = [output.name for output in model.get_outputs()]
    added = {
        port.name: np.zeros([d if isinstance(d, int) else 0 for d in port.shape], np.float32)
        for port in model.get_inputs()
        if port.name.startswith("bwc.")
    }
    kept = {name: OrtValue.ortvalue_from_numpy(zeros) for name, zeros in added.items()}
    done = []
    for step, feeds in enumerate(steps):
        binding = model.io_binding()
        for name, array in feeds.items():
            binding.bind_cpu_input(name, np.ascontiguousarray(array))
        for name, value in kept.items():
            binding.bind_ortvalue_input(name, value)
        # Fresh state may have other sizes, and is the caller's.
        shared = {pair["output"]: kept[pair["input"]] for pair in state if pair["inPlace"] and share and step > 0}
        for name in names:
            if name in shared:
                binding.bind_ortvalue_output(name, shared[name])
            else:
                binding.bind_output(name, "cpu")
        model.run_with_iobinding(binding)
        results = dict(zip(names, binding.get_outputs()))
        kept |= {pair["input"]: results[pair["output"]] for pair in state}
        done.append([results[name].numpy().tobytes() for name in names])
    return done


answers = {}
for name, task in json.load(sys.stdin).items():
    model = client.session(task["model"])
    steps = [client.tensors(feeds) for feeds in task["steps"]]
    apart, together = (run(model, task["state"], steps, share) for share in (False, True))
    answers[name] = {"same": apart == together, "shared": sum(pair["inPlace"] for pair in task["state"])}
json.dump(answers, sys.stdout)
