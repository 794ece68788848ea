"""Checks models with onnx's own checker, shape inference included.

Standard input holds a JSON list of paths; standard output gets an object from path to null or what is wrong.
Needs the Python package onnx.
"""

import json
import sys

import onnx
import onnx.checker


def problem(path: str) -> str | None:
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return None


json.dump({path: problem(path) for path in json.load(sys.stdin)}, sys.stdout)
