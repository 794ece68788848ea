import type { Graph, Node, Value } from '../../src/ir/index.js';

/**
 * Inputs that a CUDA kernel of ONNX Runtime reads in host memory (`InputMemoryType(OrtMemTypeCPUInput, i)` in
 * onnxruntime/core/providers/cuda), for the operators that `bwc` adds. A node that reads a computed host value there
 * stays on the device.
 */
const HOST_INPUTS: Readonly<Record<string, readonly number[]>> = {
  Reshape: [1],
  ConstantOfShape: [0],
  Slice: [1, 2, 3, 4],
  Expand: [1],
  Split: [1],
  Squeeze: [1],
  Unsqueeze: [1],
  ReduceSum: [1],
  ReduceMean: [1],
  ReduceMax: [1],
  ReduceMin: [1],
  ReduceL1: [1],
  Range: [0, 1, 2],
  If: [0],
  TopK: [1],
};

const SMALL = 100;

const NARROW: ReadonlySet<string> = new Set(['float16', 'bfloat16']);

/**
 * Values of the outer graph that lie in host memory when ONNX Runtime places it on CUDA, by the rule of
 * `GetCpuPreferredNodes` in onnxruntime/core/framework/fallback_cpu_capability.cc: shapes do, and so does what a node
 * makes of host values, graph inputs and initializers of at most 100 elements, if a host value is among them, none is
 * narrower than float32, and the kernel would not take that host value in host memory anyway.
 */
export function hostValues(graph: Graph): ReadonlySet<Value> {
  const host = new Set<Value>();
  for (const node of graph.nodes) {
    const shape = node.op === 'Shape' || node.op === 'Size';
    if (shape || goesToHost(node, host)) for (const output of node.outputs) if (output) host.add(output);
  }
  return host;
}

function goesToHost(node: Node, host: ReadonlySet<Value>): boolean {
  let seeded = false;
  for (const [i, value] of node.inputs.entries()) {
    if (value === undefined) continue;
    if (value.type?.kind === 'tensor' && NARROW.has(value.type.elem)) return false;
    if (value.isGraphInput || (value.initializer && value.initializer.size <= SMALL)) continue;
    if (!host.has(value) || HOST_INPUTS[node.op]?.includes(i)) return false;
    seeded = true;
  }
  return seeded && node.subgraphs.length === 0;
}

/** Values made on the device that nodes of the graph, at any depth, need in host memory: a copy a step each. */
export function copiesToHost(graph: Graph): ReadonlySet<Value> {
  const host = hostValues(graph);
  const copied = new Set<Value>();
  const visit = (inside: Graph, known: ReadonlySet<Value>): void => {
    for (const node of inside.nodes) {
      for (const i of HOST_INPUTS[node.op] ?? []) {
        const value = node.inputs[i];
        const producer = value?.producer;
        // ONNX Runtime turns constants into initializers.
        if (value === undefined || producer === undefined || producer.op === 'Constant') continue;
        if (producer.name.startsWith('bwc/') && !known.has(value)) copied.add(value);
      }
      for (const sub of node.subgraphs) visit(sub, new Set([...known, ...hostValues(sub)]));
    }
  };
  visit(graph, host);
  return copied;
}
