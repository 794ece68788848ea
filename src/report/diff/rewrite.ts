import { z } from 'zod';
import type { Model } from '../../ir/index.js';
import { gateName } from '../../passes/pass.js';
import { MANIFEST_KEY, type Manifest, manifestSchema } from '../../plan/index.js';
import { decidedBy } from '../decision.js';
import type { ModelDiff } from './diff.js';
import { pathOf } from './render.js';

/** Names of what bwc adds begin so. */
const OURS = /^bwc[./]/;

/** What a rewrite of ours did, in the words of its plan. */
export const rewriteSchema = z.object({
  /** `compiled`: the caching came in. `stripped`: it went out. */
  did: z.enum(['compiled', 'stripped']),
  method: z.string(),
  steps: z.number().int(),
  decides: z.string().describe('what decides whether a step is computed'),
  gates: z.array(
    z.object({
      region: z.string(),
      blocks: z.array(z.number().int()),
      path: z.string(),
      nodes: z.number().int(),
    }),
  ),
  state: z.array(z.object({ input: z.string(), output: z.string(), type: z.string(), holds: z.string() })),
  knobs: z.array(z.object({ input: z.string(), fields: z.array(z.string()) })),
  signals: z.array(z.string()),
  scopes: z
    .array(z.object({ scope: z.string(), nodes: z.number().int() }))
    .describe('nodes of ours by what they are for'),
  /** True when the model compiled is the one it is compared with. */
  original: z.object({
    nodes: z.number().int(),
    moved: z.number(),
    added: z.number(),
    changed: z.number(),
    removed: z.number(),
  }),
});

export type RewriteFacts = z.infer<typeof rewriteSchema>;

/** Null when neither model was compiled by bwc, or both were. */
export function rewriteOf({ a, b, main }: ModelDiff): RewriteFacts | null {
  const [before, after] = [manifestIn(a.model), manifestIn(b.model)];
  const manifest = after ?? before;
  if (manifest === undefined || (before !== undefined && after !== undefined)) return null;
  const did = after === undefined ? ('stripped' as const) : ('compiled' as const);
  const ours = main.nodes.flatMap(n => {
    const node = did === 'compiled' ? n.b : n.a;
    return (n.kind === 'added' || n.kind === 'removed') && node !== undefined && OURS.test(node.name)
      ? [node]
      : [];
  });
  const scopes = new Map<string, number>();
  for (const node of ours) {
    const scope = node.name.split('/').slice(0, 2).join('/');
    scopes.set(scope, (scopes.get(scope) ?? 0) + 1);
  }
  const gates = new Map(ours.map(n => [n.name, n]));
  const count = (kind: string): number => main.nodes.filter(n => n.kind === kind).length;
  const moved = main.nodes.filter(n => n.moved);
  return {
    did,
    method: manifest.method,
    steps: manifest.steps,
    decides: decidedBy(manifest),
    gates: manifest.regions.map(region => {
      const gate = gates.get(gateName(region.name, manifest.regions.length === 1));
      const branch = gate?.subgraph('else_branch');
      return {
        region: region.name,
        blocks: region.blocks,
        path: branch === undefined ? '' : pathOf(branch),
        nodes: region.nodes,
      };
    }),
    state: manifest.state.map(s => ({
      input: s.input,
      output: s.output,
      type: `${s.type}[${s.shape.join(', ')}]`,
      holds: s.holds,
    })),
    knobs: manifest.knobs.map(k => ({ input: k.input, fields: k.fields.map(f => f.name) })),
    signals: manifest.signals.map(s => s.output),
    scopes: [...scopes].map(([scope, nodes]) => ({ scope, nodes })).sort((x, y) => y.nodes - x.nodes),
    original: {
      nodes: did === 'compiled' ? main.a.nodes.length : main.b.nodes.length,
      moved: moved.length,
      added: count(did === 'compiled' ? 'added' : 'removed'),
      changed: count('changed'),
      removed: count(did === 'compiled' ? 'removed' : 'added'),
    },
  };
}

export function manifestIn(model: Model): Manifest | undefined {
  const text = model.metadata.get(MANIFEST_KEY);
  if (text === undefined) return undefined;
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
