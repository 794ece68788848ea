"""Runs a compiled model on recorded inputs, by its manifest alone.

Standard input holds an object: `model` and `manifest` are paths, `steps` a list of `{"feeds", "outputs"}` as another
runtime had them. Standard output gets the decisions, those with the knob `force`, and the difference of the
outputs. Needs numpy and onnxruntime.
"""

import json
import sys
from pathlib import Path

import client

task = json.load(sys.stdin)
manifest = json.loads(Path(task["manifest"]).read_text())
model = client.session(task["model"])
feeds = [client.tensors(step["feeds"]) for step in task["steps"]]
results = list(client.run(model, manifest, feeds))
forced = client.run(model, manifest, feeds[:6], {"force": 1})
expected = [client.tensors(step["outputs"]) for step in task["steps"]]
json.dump(
    {
        "decisions": client.decisions(results),
        "forced": client.decisions(forced),
        "difference": client.difference(results, expected),
    },
    sys.stdout,
)
