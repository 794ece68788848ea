"""Reads texts with onnx's own parser and gives back what onnx's own printer makes of them.

Standard input holds a JSON list of models in ONNX's textual syntax; standard output gets a list as long, each
item `{"text": ...}` or `{"error": ...}`. Needs the Python package onnx, 1.19 or later.
"""

import json
import sys

import onnx.parser
import onnx.printer


def through(text: str) -> dict[str, str]:
    try:
        return {"text": onnx.printer.to_text(onnx.parser.parse_model(text))}
    except onnx.parser.ParseError as error:
        return {"error": str(error)}


json.dump([through(text) for text in json.load(sys.stdin)], sys.stdout)
