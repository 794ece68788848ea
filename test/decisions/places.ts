import type { Model, Value } from '../../src/ir/index.js';
import { defined, type Fixture } from '../blocks/fixtures.js';
import { attentionInputs, valuesByName } from './record.js';

/** Where a method reuses: what leaves, and for a residual what enters, found in the original by truth.json alone. */
export interface Place {
  readonly exits: readonly Value[];
  readonly enters?: readonly Value[];
}

export type Placed = (model: Model) => readonly Place[];

/** What each block returns, of all its streams, as truth.json has it. */
function boundaries({ truth, exporter }: Fixture, model: Model): readonly (readonly Value[])[] {
  const values = valuesByName(model);
  return truth.boundaries[exporter].map(block =>
    block.map(names => defined(values.get(names[0] ?? ''), names[0])),
  );
}

/** What the first block's normalisation reads: the stream that enters the blocks of the trained model. */
export function trainedEntry(model: Model): Value {
  const [first] = attentionInputs(model);
  const seen: Value[] = [defined(first)];
  for (const value of seen) {
    if (value.producer?.op === 'LayerNormalization') return defined(value.producer.inputs[0]);
    seen.push(...(value.producer?.inputs.filter(v => v !== undefined) ?? []));
  }
  throw new Error('no normalisation');
}

/** Blocks `from` to `to` (excluded) of the trained model, as one. */
export function blocks(fixture: Fixture, from: number, to: number): Placed {
  return model => {
    const ends = boundaries(fixture, model);
    const enters = from === 0 ? [trainedEntry(model)] : defined(ends[from - 1]);
    return [{ exits: defined(ends[to - 1]), enters }];
  };
}

/** The same, without the sum: what was returned stands alone. */
export function outputs(placed: Placed): Placed {
  return model => placed(model).map(({ exits }) => ({ exits }));
}

export function allOf(...parts: readonly Placed[]): Placed {
  return model => parts.flatMap(part => part(model));
}

export function wholeModel({ truth }: Fixture): Placed {
  return model => {
    const values = valuesByName(model);
    return [{ exits: [defined(values.get(truth.prediction))], enters: [defined(values.get(truth.latent))] }];
  };
}

/** Last layers of the branches: of attention and feed-forward, of one stream and of the other. */
const LAST_LAYERS: Readonly<Record<string, readonly string[]>> = {
  'self-attention': ['attn.to_out', 'attn1.to_out.0'],
  'cross-attention': ['attn2.to_out.0'],
  'joint-attention': ['attn.to_out.0', 'attn.to_add_out'],
  'feed-forward': ['mlp.2', 'ffn.net.2', 'ff.net.2', 'ff_context.net.2'],
  parallel: ['proj_out'],
};

/** What each branch's last layer gives before its gate, by block and branch, found by the names of the biases. */
export function branches({ truth }: Fixture): Placed {
  return model => {
    const biases = new Map([...model.graph.initializers].map(v => [v.name.replace(/^model\./, ''), v]));
    return truth.blocks.flatMap(({ module, branches: kinds }) =>
      kinds.map((kind): Place => {
        const names = (LAST_LAYERS[kind] ?? []).map(layer => `${module}.${layer}.bias`);
        const exits = names.flatMap(name => {
          const [user] = biases.get(name)?.users ?? [];
          return user !== undefined && 'output' in user ? [user.output] : [];
        });
        if (exits.length === 0) throw new Error(`no layer of ${module} ends its ${kind}`);
        return { exits };
      }),
    );
  };
}

/** Some of the places. */
export function only(placed: Placed, wanted: (index: number) => boolean): Placed {
  return model => placed(model).filter((_, i) => wanted(i));
}

/** Kind, and whether over frames, of each branch in the same order. */
export function branchKinds({ truth }: Fixture): readonly string[] {
  return truth.blocks.flatMap(({ module, branches: kinds }) =>
    kinds.map(kind =>
      module.startsWith('temporal') && kind === 'self-attention' ? 'temporal-attention' : kind,
    ),
  );
}
