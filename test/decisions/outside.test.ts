import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Builder, type Model, Node, Tensor, type Value } from '../../src/ir/index.js';
import { toBytes } from '../../src/onnx/index.js';
import { denoise, numbersOf } from '../../src/runtime/index.js';
import { defined, FIXTURES, type Fixture, read } from '../blocks/fixtures.js';
import { build, open, profileOf } from './compiled.js';
import { distance } from './memory.js';
import type { Feature } from './rules.js';
import { Spliced } from './spliced.js';

const STEPS = 4;

/** Distance of a prediction from that of the original with plain arrays put in, by its norm. */
const NEAR = 1e-5;

const folder = mkdtempSync(join(tmpdir(), 'bwc-outside-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What the graph does between two products, found by its softmax. */
interface Attention {
  readonly queries: Value;
  readonly keys: Value;
  readonly values: Value;
  readonly exit: Value;
}

/** What a value passes that masks scores, and puts a zero where all are masked, on the way to its product. */
function productBehind(value: Value): Node {
  const user = defined([...value.users].find((u): u is Node => u instanceof Node && u.op !== 'IsNaN'));
  return user.op === 'MatMul' ? user : productBehind(user.output);
}

function attentionsOf({ truth }: Fixture, model: Model): readonly Attention[] {
  const kinds = truth.blocks.flatMap(block => block.branches).filter(kind => kind !== 'feed-forward');
  const softmaxes = model.graph.nodes.filter(node => node.op === 'Softmax');
  expect(softmaxes).toHaveLength(kinds.length);
  return softmaxes.flatMap((softmax, i) => {
    const { producer } = defined(softmax.inputs[0]);
    const scores = producer?.op === 'Add' ? producer.inputs[0]?.producer : producer;
    const product = productBehind(softmax.output);
    const [queries, keys, values] = [scores?.inputs[0], scores?.inputs[1], product.inputs[1]].map(v =>
      defined(v),
    );
    return kinds[i] === 'cross-attention'
      ? []
      : [{ queries: defined(queries), keys: defined(keys), values: defined(values), exit: product.output }];
  });
}

/** One head of one sample: the score of each key for each query, and a row of values a token. */
interface Head {
  readonly scores: readonly (readonly number[])[];
  readonly values: readonly Float64Array[];
}

/** The rows of one of many matrices, or its columns. */
function matrix({ dims, data }: Feature, at: number, turned = false): readonly Float64Array[] {
  const [rows = 0, columns = 0] = dims.slice(-2);
  const lines = Array.from(
    { length: turned ? columns : rows },
    () => new Float64Array(turned ? rows : columns),
  );
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const [line, i] = turned ? [column, row] : [row, column];
      defined(lines[line])[i] = data[(at * rows + row) * columns + column] ?? Number.NaN;
    }
  return lines;
}

function product(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] ?? Number.NaN) * (b[i] ?? Number.NaN);
  return sum;
}

/** Every head of every sample; keys are [.., channels, tokens]. */
function heads(queries: Feature, keys: Feature, values: Feature, mask: readonly number[]): readonly Head[] {
  const count = values.dims.slice(0, -2).reduce((x, y) => x * y, 1);
  return Array.from({ length: count }, (_, head) => {
    const read = matrix(keys, head, true);
    return {
      scores: matrix(queries, head).map(query => read.map((key, i) => product(query, key) + (mask[i] ?? 0))),
      values: matrix(values, head),
    };
  });
}

/** What tokens gave another together, and the logarithm of the sum of the exponentials of their scores. */
interface Attended {
  readonly given: Float64Array;
  readonly logarithm: number;
}

/** Attention of one query to each of these for which it has a score. */
function attend(scores: readonly (number | undefined)[], rows: readonly Float64Array[]): Attended {
  const known = scores.filter(score => score !== undefined);
  const most = Math.max(...known);
  const given = new Float64Array(rows[0]?.length ?? 0);
  if (most === Number.NEGATIVE_INFINITY) return { given, logarithm: most };
  const sum = known.reduce((total, score) => total + Math.exp(score - most), 0);
  for (const [key, score] of scores.entries()) {
    if (score === undefined) continue;
    const weight = Math.exp(score - most) / sum;
    const row = defined(rows[key]);
    for (let c = 0; c < given.length; c++) given[c] = (given[c] ?? 0) + weight * (row[c] ?? Number.NaN);
  }
  return { given, logarithm: most + Math.log(sum) };
}

/** Of the scores of one query those of its own chunk, or all others. */
function part(scores: readonly number[], query: number, chunks: number, own: boolean) {
  const size = Math.ceil(scores.length / chunks);
  const chunk = Math.floor(query / size);
  return scores.map((score, key) => ((Math.floor(key / size) === chunk) === own ? score : undefined));
}

/** What is kept of one attention, by head and query. */
function kept(all: readonly Head[], chunks: number): readonly (readonly Attended[])[] {
  return all.map(({ scores, values }) =>
    scores.map((row, query) => attend(part(row, query, chunks, false), values)),
  );
}

/** One softmax over each query's own chunk as it is, and what was kept of the others as one more token. */
function merged(
  all: readonly Head[],
  chunks: number,
  outside: readonly (readonly Attended[])[],
  dims: readonly number[],
): Feature {
  const data = all.flatMap(({ scores, values }, head) =>
    scores.flatMap((row, query) => {
      const { given, logarithm } = defined(outside[head]?.[query]);
      return [...attend([...part(row, query, chunks, true), logarithm], [...values, given]).given];
    }),
  );
  return { dims, data: Float64Array.from(data) };
}

interface Case {
  readonly title: string;
  readonly fixture: Fixture;
  readonly chunks: number;
  /** Added to the score of each key. */
  readonly mask?: readonly number[];
}

const byTitle = (title: string): Fixture => defined(FIXTURES.find(f => f.title === title));

/** The model with a mask of keys in every attention, as exporters write it. */
function withMask(fixture: Fixture, mask: readonly number[]): Fixture {
  const model = read(fixture);
  for (const softmax of model.graph.nodes.filter(node => node.op === 'Softmax')) {
    const b = new Builder(model, model.graph, 'masked', 'test');
    const added = b.constant(Tensor.float32(mask, [1, 1, 1, mask.length]), 'mask', 'mask');
    const sum = b.op('Add', [softmax.inputs[0], added]);
    b.place(softmax);
    defined(softmax.inputs[0]).replaceUses(sum, user => user === softmax);
    const { output } = softmax;
    const zeroed = b.op('Where', [b.op('IsNaN', [output]), b.f32(0), output]);
    const { nodes } = model.graph;
    const made = b.place(nodes[nodes.indexOf(softmax) + 1]);
    output.replaceUses(zeroed, user => !made.includes(user as Node));
  }
  const path = join(folder, `${fixture.title}.onnx`);
  writeFileSync(path, toBytes(model));
  return { ...fixture, title: `${fixture.title}, masked`, path };
}

const trained = byTitle('tiny-video-dit.dynamo');

/** A whole chunk of five is masked, and some of the next. */
const masked = Array.from({ length: 128 }, (_, key) =>
  key >= 26 && key < 60 ? Number.NEGATIVE_INFINITY : 0,
);

const CASES: readonly Case[] = [
  { title: 'chunks of two frames', fixture: trained, chunks: 4 },
  { title: 'a last chunk that is shorter', fixture: byTitle('tiny-video-dit.torchscript'), chunks: 3 },
  { title: 'masked keys', fixture: withMask(trained, masked), chunks: 5, mask: masked },
  { title: 'any number of tokens', fixture: byTitle('wan.torchscript'), chunks: 5 },
  { title: 'frames and positions in turn', fixture: byTitle('latte.dynamo'), chunks: 3 },
  { title: 'two streams', fixture: byTitle('sd3.dynamo'), chunks: 3 },
  { title: 'one stream beside the feed-forward', fixture: byTitle('flux.torchscript'), chunks: 2 },
];

describe.each(CASES)(
  'attention outside the own chunk, $fixture.title, $title',
  ({ fixture, chunks, mask = [] }) => {
    it('is kept and merged as plain arrays are', async () => {
      const original = await Spliced.open(
        fixture,
        model => attentionsOf(fixture, model).map(({ exit }) => ({ exits: [exit] })),
        model => attentionsOf(fixture, model).flatMap(({ queries, keys, values }) => [queries, keys, values]),
      );
      const set = { interval: 3, chunks, warmup: 0 };
      const model = await open(build(fixture, { method: 'flashblock', steps: STEPS, set }));
      const headsAt = (looked: readonly Feature[], place: number): readonly Head[] => {
        const [queries, keys, values] = looked.slice(3 * place, 3 * place + 3);
        return heads(defined(queries), defined(keys), defined(values), mask);
      };
      let known: readonly (readonly (readonly Attended[])[])[] = [];
      let decisions = '';
      const steps = denoise(
        model,
        profileOf(fixture, { steps: STEPS, batch: fixture.family === 'tiny-video-dit' ? 1 : 2 }),
        100,
      );
      for await (const { step, feeds, outputs, signals } of steps) {
        decisions += signals?.computed ? 'C' : '.';
        const output = defined(outputs.get(fixture.truth.prediction));
        const found: Feature = { dims: output.dims, data: numbersOf(output) };
        if (signals?.computed) {
          const { places, looked, prediction } = await original.run(feeds);
          known = places.map((_, place) => kept(headsAt(looked, place), chunks));
          expect(distance(found, prediction), `computed ${step}`).toBeLessThanOrEqual(NEAR);
          continue;
        }
        // One attention after the other: what the next reads depends on what stands for the one before.
        const stands: (readonly Feature[])[] = [];
        for (const [place, outside] of known.entries()) {
          const { places, looked } = await original.run(feeds, stands);
          const { dims } = defined(places[place]?.[0]).exit;
          stands.push([merged(headsAt(looked, place), chunks, outside, dims)]);
        }
        const { prediction } = await original.run(feeds, stands);
        expect(distance(found, prediction), `reused ${step}`).toBeLessThanOrEqual(NEAR);
      }
      await original.close();
      await model.close();
      expect(decisions).toBe('C..C');
    });
  },
);
