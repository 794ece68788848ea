import { allNodes, bitsOf, type TensorType } from '../ir/index.js';
import { KNOBS, MANIFEST_KEY, type Manifest, type Plan, statesOf } from '../plan/index.js';
import { type Context, KNOBS_INPUT, need, type Pass, signalOutput, stateInput, stateOutput } from './pass.js';
import { UNDO_KEY, type Undo } from './undo.js';

/** Version of the compiler, as manifests record it. */
export const COMPILER = 'bwc 0.1.0';

/** Writes the manifest and the undo record into the model's metadata. */
export const stamp: Pass = {
  name: 'stamp',
  run(context) {
    const { model } = context;
    const undo: Undo = {
      version: 1,
      gate: need(context, 'gate').node.name,
      copies: Object.fromEntries(context.emitted.copies),
    };
    model.metadata.set(MANIFEST_KEY, JSON.stringify(manifestOf(context)));
    model.metadata.set(UNDO_KEY, JSON.stringify(undo));
  },
};

/** What clients need to know of the compiled model. */
function manifestOf(context: Context): Manifest {
  const { model, plan } = context;
  const gate = need(context, 'gate');
  const added = [...allNodes(model.graph)].filter(n => n.name.startsWith('bwc/')).length;
  const ours = (name: string): boolean => name.startsWith('bwc.');
  return {
    format: 'bwc.manifest',
    version: 1,
    compiler: COMPILER,
    method: plan.method,
    options: plan.options,
    steps: plan.steps,
    stateDefaults: plan.stateDefaults,
    inputs: model.graph.inputs.map(v => v.name).filter(n => !ours(n)),
    outputs: model.graph.outputs.map(v => v.name).filter(n => !ours(n)),
    roles: {
      latent: plan.latent.name,
      timestep: plan.timestep?.name ?? null,
      prediction: plan.prediction.name,
    },
    state: statesOf(plan).map(s => ({
      input: stateInput(s.name),
      output: stateOutput(s.name),
      ...described(s.type),
      bytes: bytesOf(s.type),
      holds: s.holds,
    })),
    knobs: [
      { input: KNOBS_INPUT, type: 'float32', shape: [KNOBS.length], fields: KNOBS.map(k => ({ ...k })) },
    ],
    signals: [
      {
        output: signalOutput('computed'),
        type: 'bool',
        shape: [1],
        name: 'computed',
        doc: 'true when the blocks were computed',
      },
      {
        output: signalOutput('value'),
        type: 'float32',
        shape: [1],
        name: 'value',
        doc: 'measured change; 1000 when this step was not measured',
      },
      {
        output: signalOutput('count'),
        type: 'float32',
        shape: [1],
        name: 'count',
        doc: 'steps computed since the generation began',
      },
    ],
    regions: [
      {
        name: plan.region.name,
        blocks: [...plan.region.blocks],
        enters: plan.region.enters.map(v => v.name),
        leaves: plan.region.exits.map(e => e.value.name),
        continues: plan.region.exits.map(e => e.enters?.name ?? null),
        flops: plan.region.flops ?? null,
        nodes: gate.compute.nodes.filter(n => !n.name.startsWith('bwc/')).length,
      },
    ],
    cost: { flops: plan.flops ?? null, addedNodes: added, deviceToHost: decidesOnHost(plan) ? 0 : 1 },
    source: { sha256: plan.source },
  };
}

/**
 * ONNX Runtime keeps small arithmetic on the host when it is joined with a `Shape` that it cannot fold, and when nothing
 * in it is a 16-bit float (fallback_cpu_capability.cc).
 */
function decidesOnHost(plan: Plan): boolean {
  const { timestep, variable } = plan;
  const half = timestep?.type?.kind === 'tensor' && timestep.type.elem.endsWith('float16');
  return variable.length > 0 && !half;
}

function described(type: TensorType): {
  type: Manifest['state'][number]['type'];
  shape: (number | string)[];
} {
  return { type: type.elem, shape: (type.shape ?? []).map((d, i) => d ?? `bwc_unknown_${i}`) };
}

/** Bytes where every dimension is known, else null. */
function bytesOf(type: TensorType): number | null {
  let bits = bitsOf(type.elem);
  for (const dim of type.shape ?? []) {
    if (typeof dim !== 'number') return null;
    bits *= dim;
  }
  return bits / 8;
}
