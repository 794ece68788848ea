"""Puts a model compiled with state defaults in the place of its original.

Standard input holds an object: `original`, `model` and `manifest` are paths, `steps` a list of `{"feeds"}`. Standard
output tells whether a caller that feeds only the original's inputs gets the original's bits, and the decisions when
state is threaded. Needs numpy and onnxruntime.
"""

import json
import sys
from pathlib import Path

import client

task = json.load(sys.stdin)
manifest = json.loads(Path(task["manifest"]).read_text())
steps = [client.tensors(step["feeds"]) for step in task["steps"]]
original, model = client.session(task["original"]), client.session(task["model"])
names = manifest["outputs"]
same = all(
    was.tobytes() == now.tobytes()
    for feeds in steps
    for was, now in zip(original.run(names, feeds), model.run(names, feeds))
)
json.dump(
    {
        "inputs": [given.name for given in model.get_inputs()],
        "same": same,
        "decisions": client.decisions(client.run(model, manifest, steps)),
    },
    sys.stdout,
)
