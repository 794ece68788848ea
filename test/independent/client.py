"""A client of compiled models that knows their manifest and nothing else."""

import base64
from collections.abc import Iterable, Iterator

import numpy as np
import onnxruntime

Tensors = dict[str, np.ndarray]

#: Stands among the outputs of a step for what was computed: an element for each channel that decides for itself.
COMPUTED = ""


def session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(
    model: onnxruntime.InferenceSession, manifest: dict, steps: Iterable[Tensors], knobs: dict[str, float] | None = None
) -> Iterator[Tensors]:
    """The outputs of each step, by the protocol of docs/guides/clients.md: each comment here is a line of it."""
    wanted = knobs or {}
    # for each tensor of manifest.state and manifest.knobs:
    added = {}
    for tensor in manifest["state"] + manifest["knobs"]:
        #     size := tensor.shape, with 0 for every entry that is no number
        size = [entry if isinstance(entry, int) else 0 for entry in tensor["shape"]]
        #     added[tensor.input] := zeros of that size, of type tensor.type
        added[tensor["input"]] = np.zeros(size, tensor["type"])
    # for each knob of manifest.knobs and each field of knob.fields that is wanted:
    for knob in manifest["knobs"]:
        for index, field in enumerate(knob["fields"]):
            if field["name"] in wanted:
                #     added[knob.input][index of field] := its value
                added[knob["input"]][index] = wanted[field["name"]]
    # for each step:
    for original in steps:
        #     feeds := the tensors of manifest.inputs, as for the original model
        feeds = {name: original[name] for name in manifest["inputs"]}
        #     results := run the model on feeds and added, all outputs by name
        names = [output.name for output in model.get_outputs()]
        results = dict(zip(names, model.run(names, {**feeds, **added})))
        #     for each pair of manifest.state:
        for pair in manifest["state"]:
            #         added[pair.input] := results[pair.output]
            added[pair["input"]] = results[pair["output"]]
        #     computed := whether all elements of results[signal.output] are true, for each signal named computed
        told = [results[signal["output"]] for signal in manifest["signals"] if signal["name"] == "computed"]
        computed = {COMPUTED: np.concatenate([np.ravel(flags) for flags in told])}
        #     go on with results[name] for each name of manifest.outputs
        yield {name: results[name] for name in manifest["outputs"]} | computed


def decisions(results: Iterable[Tensors]) -> str:
    return "".join("C" if step[COMPUTED].all() else "." for step in results)


def tensors(described: dict) -> Tensors:
    """Arrays from what the caller wrote: type, dims and base64 of the elements."""
    return {
        name: np.frombuffer(base64.b64decode(of["data"]), of["type"]).reshape(of["dims"])
        for name, of in described.items()
    }


def difference(results: Iterable[Tensors], expected: Iterable[Tensors]) -> float:
    """The largest norm of a difference, by the norm of what was expected."""
    pairs = [(got[name], want) for got, wanted in zip(results, expected) for name, want in wanted.items()]
    return max(float(np.linalg.norm(got - want) / np.linalg.norm(want)) for got, want in pairs)
