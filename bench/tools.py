"""The same job by Python tools: load a graph without its weights, edit it, save it.

python tools.py TOOL INPUT OUTPUT

TOOL: onnx or ir (load, add an output and an entry of metadata, save), onnx-weights or ir-weights (the same with the
weights, which go to another file), or merge (two copies of the graph as the branches
of one If over shared weights, as Optimum merges decoders).
"""

import sys


def edit_onnx(source: str, target: str) -> None:
    import onnx
    model = onnx.load(source, load_external_data=False)
    node = model.graph.node[len(model.graph.node) // 2]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.output[0]))
    onnx.helper.set_model_props(model, {"edited": "yes"})
    onnx.save(model, target)


def edit_ir(source: str, target: str) -> None:
    import onnx_ir as ir
    model = ir.load(source)
    node = list(model.graph)[len(model.graph) // 2]
    model.graph.outputs.append(node.outputs[0])
    model.metadata_props["edited"] = "yes"
    ir.save(model, target)


def edit_onnx_weights(source: str, target: str) -> None:
    import os
    import onnx
    model = onnx.load(source)
    node = model.graph.node[len(model.graph.node) // 2]
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(node.output[0]))
    onnx.save(model, target, save_as_external_data=True, location=os.path.basename(target) + ".data")


def edit_ir_weights(source: str, target: str) -> None:
    import os
    import onnx_ir as ir
    model = ir.load(source)
    node = list(model.graph)[len(model.graph) // 2]
    model.graph.outputs.append(node.outputs[0])
    ir.save(model, target, external_data=os.path.basename(target) + ".data")


def merge(source: str, target: str) -> None:
    import onnx
    from onnx import TensorProto, helper
    first = onnx.load(source, load_external_data=False)
    second = onnx.load(source, load_external_data=False)
    branches = []
    for suffix, model in (("compute", first), ("cached", second)):
        graph = onnx.GraphProto()
        graph.CopyFrom(model.graph)
        kept = {value.name for value in (*graph.input, *graph.initializer)}
        names = {name: f"{name}_{suffix}" for node in graph.node for name in node.output if name}
        for node in graph.node:
            node.name = f"{node.name}_{suffix}"
            for names_of in (node.input, node.output):
                for i, name in enumerate(names_of):
                    names_of[i] = names.get(name, name)
        for value in (*graph.output, *graph.value_info):
            value.name = names.get(value.name, value.name)
        assert not kept & set(names)
        del graph.input[:], graph.initializer[:]
        graph.name = suffix
        branches.append(graph)
    predicate = helper.make_tensor_value_info("use_cache", TensorProto.BOOL, [])
    node = helper.make_node("If", ["use_cache"], [f"{value.name}" for value in first.graph.output],
                            then_branch=branches[1], else_branch=branches[0])
    merged = helper.make_graph([node], "merged", [*first.graph.input, predicate], list(first.graph.output),
                               initializer=list(first.graph.initializer))
    model = helper.make_model(merged, opset_imports=list(first.opset_import), ir_version=first.ir_version)
    onnx.save(model, target)


if __name__ == "__main__":
    TOOLS = {
        "onnx": edit_onnx,
        "ir": edit_ir,
        "onnx-weights": edit_onnx_weights,
        "ir-weights": edit_ir_weights,
        "merge": merge,
    }
    TOOLS[sys.argv[1]](*sys.argv[2:])
