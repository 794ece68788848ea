import { Model, Node, Tensor, tensorType, Value } from '../../src/ir/index.js';

/** Blocks in a row, each with weights of its own; in the first `slow` of them one operator is another. */
export function chain(blocks: number, each: number, slow: number): Model {
  const model = new Model();
  const { graph } = model;
  let at = new Value('x', tensorType('float32', ['n', 4]));
  graph.addInput(at);
  for (let i = 0; i < blocks; i++) {
    const weight = new Value(`w${i}`);
    graph.addInitializer(weight, Tensor.float32([i, 1, 2, 3, 4, 5, 6, 7]));
    for (let j = 0; j < each; j++) {
      const out = new Value(`v${i}.${j}`);
      const opType = j === 0 ? 'MatMul' : j === 5 && i < slow ? 'Erf' : j % 2 === 0 ? 'Tanh' : 'Relu';
      graph.append(new Node({ opType, inputs: j === 0 ? [at, weight] : [at], outputs: [out] }));
      at = out;
    }
  }
  graph.addOutput(at);
  return model;
}
