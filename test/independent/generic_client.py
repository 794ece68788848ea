"""Runs a compiled model on recorded inputs, by its manifest alone.

Standard input holds an object: `model` and `manifest` are paths, `steps` a list of `{"feeds", "outputs"}` as another
runtime had them. Standard output gets the decisions and the difference of the outputs. Needs numpy and onnxruntime.
"""

import json
import sys
from pathlib import Path

import client

task = json.load(sys.stdin)
manifest = json.loads(Path(task["manifest"]).read_text())
results = list(client.run(client.session(task["model"]), manifest, [client.tensors(s["feeds"]) for s in task["steps"]]))
expected = [client.tensors(step["outputs"]) for step in task["steps"]]
json.dump(
    {"decisions": client.decisions(manifest, results), "difference": client.difference(results, expected)}, sys.stdout
)
