"""Writes src/ir/opset.data.ts from onnx's own operator schemas.

    python -m venv /tmp/onnxvenv && /tmp/onnxvenv/bin/pip install onnx
    /tmp/onnxvenv/bin/python scripts/generate-opset.py
"""

from pathlib import Path

import numpy as np
import onnx
import onnx.helper

ANY = 2147483647
HEADER = '''/**
 * Operators of ONNX's standard domain, from `onnx.defs.get_all_schemas_with_history()` of onnx {version}
 * by scripts/generate-opset.py. A line is an operator: its name, then one field per version, newest last:
 * `since inputs outputs attributes`. Counts are `n` or `min-max` (`*`: no limit), `!` marks an attribute that must
 * be given, `=` comes before what one that is left out counts as (a whole number, a float with a point or an exponent, or
 * text), and `x` in place of the counts says that the operator is deprecated from that version on.
 */
export const NEWEST_OPSET = {newest};

export const SCHEMAS = `
'''


def count(low: int, high: int) -> str:
    top = "*" if high == ANY else str(high)
    return top if str(low) == top else f"{low}-{top}"


def default(attribute) -> str:
    """Lists have none here: only recurrent operators have such."""
    value = onnx.helper.get_attribute_value(attribute.default_value) if attribute.default_value.name else None
    match value:
        case bytes():
            return f"={value.decode()}" if value else ""
        case int():
            return f"={value}"
        case float():
            return f"={np.float32(value)!s}"
    return ""


def field(schema) -> str:
    if schema.deprecated:
        return f"{schema.since_version} x"
    attributes = ",".join(f"{a.name}{'!' if a.required else default(a)}" for a in sorted(schema.attributes.values(), key=lambda a: a.name))
    return f"{schema.since_version} {count(schema.min_input, schema.max_input)} {count(schema.min_output, schema.max_output)} {attributes}".rstrip()


def main() -> None:
    operators: dict[str, list] = {}
    for schema in onnx.defs.get_all_schemas_with_history():
        if schema.domain == "":
            operators.setdefault(schema.name, []).append(schema)
    lines = [
        "|".join([name, *(field(s) for s in sorted(versions, key=lambda s: s.since_version))])
        for name, versions in sorted(operators.items())
    ]
    text = HEADER.format(version=onnx.__version__, newest=onnx.defs.onnx_opset_version())
    target = Path(__file__).parent.parent / "src" / "ir" / "opset.data.ts"
    target.write_text(text + "\n".join(lines) + "\n`;\n")


main()
