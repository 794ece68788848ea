export interface ToyOptions {
  readonly blocks: number;
  /** Width of the feed-forward of each block; 4 by default. */
  readonly hidden?: (block: number) => number;
  readonly timestep?: boolean;
}

const WIDTH = 4;

/**
 * A diffusion transformer of a few nodes a block, as text: attention modulated by a sine of the timestep, a
 * feed-forward, one stream of `[batch, 6, 4]`. Its weights are numbers between -0.5 and 0.5.
 */
export function toy({ blocks, hidden = () => WIDTH, timestep = true }: ToyOptions): string {
  const weights = Array.from({ length: blocks }, (_, i) => [
    weight(`qkv${i}`, WIDTH, WIDTH, 3 * i + 1),
    weight(`up${i}`, WIDTH, hidden(i), 3 * i + 2),
    weight(`down${i}`, hidden(i), WIDTH, 3 * i + 3),
  ]);
  const scale = timestep ? 'e0 = Sin(t)\n e = Reshape(e0, shape)' : 'e = Identity(one)';
  return `<ir_version: 8, opset_import: ["" : 17]>
toy (float[batch,6,${WIDTH}] x${timestep ? ', float[batch] t' : ''}) => (float[batch,6,${WIDTH}] y)
<float[1] one = {1.0}, ${timestep ? 'int64[3] shape = {-1,1,1}, ' : ''}${weights.flat().join(', ')}>
{
 ${scale}
 s0 = Add(x, one)
${Array.from({ length: blocks }, (_, i) => block(i)).join('\n')}
 y = Relu(s${blocks})
}`;
}

function block(i: number): string {
  return ` m${i} = Mul(s${i}, e)
 q${i} = MatMul(m${i}, qkv${i})
 k${i} = Transpose<perm = [0,2,1]>(q${i})
 p${i} = MatMul(q${i}, k${i})
 a${i} = Softmax(p${i})
 o${i} = MatMul(a${i}, q${i})
 h${i} = Add(s${i}, o${i})
 u${i} = MatMul(h${i}, up${i})
 g${i} = Tanh(u${i})
 f${i} = MatMul(g${i}, down${i})
 s${i + 1} = Add(h${i}, f${i})`;
}

function weight(name: string, rows: number, columns: number, seed: number): string {
  const values = Array.from({ length: rows * columns }, (_, j) =>
    (((j * 7 + seed * 5) % 17) / 17 - 0.5).toFixed(4),
  );
  return `float[${rows},${columns}] ${name} = {${values.join(',')}}`;
}
