import { ancestorIn, ancestors, type Graph, isWithin, readsOf, type Value } from '../ir/index.js';

/**
 * Whether a state's input and output may be bound to one buffer. Proved on the graph, for any order in which a runtime may execute
 * it: the output is a copy of the input, or nothing reads the input, or the output comes from an `If` one of whose branches copies the
 * input and whose other does not read it, while every other reader lies before that `If`.
 *
 * A copy onto itself changes nothing (ONNX Runtime leaves it out), so that what else reads the input meanwhile is no matter.
 */
export function mayShareBuffer(graph: Graph, input: Value, output: Value): boolean {
  if (copies(output, input) || !input.isUsed) return true;
  const { producer } = output;
  if (producer?.op !== 'If' || producer.graph !== graph) return false;
  const at = producer.outputs.indexOf(output);
  const readers = [...input.users];
  const isKept = (branch: Graph): boolean => copies(branch.outputs[at], input);
  const reads = (branch: Graph): boolean => readers.some(reader => isWithin(branch, reader));
  if (!producer.subgraphs.some(isKept)) return false;
  if (!producer.subgraphs.every(branch => isKept(branch) || !reads(branch))) return false;
  const before = ancestors(graph, readsOf(producer));
  return readers.every(reader => {
    const node = ancestorIn(graph, reader);
    return node !== undefined && (node === producer || before.has(node));
  });
}

function copies(value: Value | undefined, input: Value): boolean {
  return value?.producer?.op === 'Identity' && value.producer.inputs[0] === input;
}
