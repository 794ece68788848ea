"""A client of compiled models that knows their manifest and nothing else."""

import base64
from collections.abc import Iterable, Iterator

import numpy as np
import onnxruntime

Tensors = dict[str, np.ndarray]


def session(path: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def run(model: onnxruntime.InferenceSession, manifest: dict, steps: Iterable[Tensors]) -> Iterator[Tensors]:
    """The outputs of each step; state starts from zeros, and what comes out goes in again."""
    names = [output.name for output in model.get_outputs()]
    added = {
        tensor["input"]: np.zeros([size if isinstance(size, int) else 0 for size in tensor["shape"]], tensor["type"])
        for tensor in manifest["state"] + manifest["knobs"]
    }
    for feeds in steps:
        results = dict(zip(names, model.run(names, {**feeds, **added})))
        for pair in manifest["state"]:
            added[pair["input"]] = results[pair["output"]]
        yield results


def decisions(manifest: dict, results: Iterable[Tensors]) -> str:
    computed = next(signal["output"] for signal in manifest["signals"] if signal["name"] == "computed")
    return "".join("C" if step[computed].all() else "." for step in results)


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
