"""A compiled model that threads its own state, for programs that keep their ONNX Runtime session to themselves.

`CachedSession` has the inputs and outputs of the original model, and stands wherever an `onnxruntime.InferenceSession` of it
stood. Needs numpy and onnxruntime.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import onnxruntime as ort


class CachedSession(ort.InferenceSession):
    """Takes what `InferenceSession` takes. Steps of one session must not overlap."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self._manifest = json.loads(self.get_modelmeta().custom_metadata_map["bwc.manifest"])
        self._knobs = {knob["input"]: zeros(knob) for knob in self._manifest["knobs"]}
        self._stream = ""
        self.reset()

    def reset(self) -> None:
        """Makes all streams fresh. A new generation does not need it: its decisions then follow those of the last one."""
        self._states: dict[str, dict[str, ort.OrtValue]] = defaultdict(
            lambda: {pair["input"]: zeros(pair) for pair in self._manifest["state"]}
        )
        #: Of each stream, a letter a step: `C` was computed, `.` reused.
        self.decisions: dict[str, str] = defaultdict(str)

    @contextmanager
    def cache_context(self, name: str) -> Iterator[None]:
        """Steps inside belong to the stream `name`, which has a state of its own."""
        outer, self._stream = self._stream, name
        try:
            yield
        finally:
            self._stream = outer

    def set(self, **wanted: float) -> None:
        """Sets knobs of the steps to come, by the names that the manifest gives them; all others are as compiled."""
        for knob in self._manifest["knobs"]:
            values = [wanted.get(field["name"], 0) for field in knob["fields"]]
            array = np.array(values, knob["type"]).reshape(knob["shape"])
            self._knobs[knob["input"]] = ort.OrtValue.ortvalue_from_numpy(array)

    def get_inputs(self) -> list[ort.NodeArg]:
        return [port for port in super().get_inputs() if port.name in self._manifest["inputs"]]

    def get_outputs(self) -> list[ort.NodeArg]:
        return [port for port in super().get_outputs() if port.name in self._manifest["outputs"]]

    def run(self, output_names, input_feed, run_options=None) -> list[np.ndarray]:
        binding = self.io_binding()
        for name, array in input_feed.items():
            binding.bind_cpu_input(name, np.asarray(array, order="C"))
        names = output_names or [output.name for output in self.get_outputs()]
        for name in names:
            binding.bind_output(name)
        self.run_with_iobinding(binding, run_options)
        return [value.numpy() for value in binding.get_outputs()[: len(names)]]

    def run_with_iobinding(self, iobinding, run_options=None) -> None:
        """A step, whose caller has bound the original's inputs and outputs."""
        state = self._states[self._stream]
        for name, value in (state | self._knobs).items():
            iobinding.bind_ortvalue_input(name, value)
        pairs = self._manifest["state"]
        told = [signal["output"] for signal in self._manifest["signals"] if signal["name"] == "computed"]
        device = "cuda" if "CUDAExecutionProvider" in self.get_providers() else "cpu"
        for pair in pairs:
            # Counters stay with the host, which reads them.
            iobinding.bind_output(pair["output"], device if len(pair["shape"]) > 1 else "cpu")
        for name in told:
            iobinding.bind_output(name)
        super().run_with_iobinding(iobinding, run_options)
        added = iobinding.get_outputs()[-len(pairs + told) :]
        self._states[self._stream] = {pair["input"]: value for pair, value in zip(pairs, added)}
        computed = all(value.numpy().all() for value in added[len(pairs) :])
        self.decisions[self._stream] += "C" if computed else "."


def zeros(tensor: dict) -> ort.OrtValue:
    """A fresh state: sizes that the caller chooses are 0."""
    size = [entry if isinstance(entry, int) else 0 for entry in tensor["shape"]]
    return ort.OrtValue.ortvalue_from_numpy(np.zeros(size, tensor["type"]))
