import { allNodes, bitsOf, type Model, type TensorType } from '../ir/index.js';
import { copiesOf, looksAtStep } from '../methods/index.js';
import { KNOBS, MANIFEST_KEY, type Manifest, type Plan, positionOf, statesOf } from '../plan/index.js';
import { mayShareBuffer } from './in-place.js';
import {
  type Context,
  KNOBS_INPUT,
  outerName,
  type Pass,
  signalOutput,
  stateInput,
  stateOutput,
} from './pass.js';
import { UNDO_KEY, type Undo } from './undo.js';

/** Version of the compiler, as manifests record it. */
export const COMPILER = 'bwc 0.1.0';

/** Writes the manifest and the undo record into the model's metadata. */
export const stamp: Pass = {
  name: 'stamp',
  run(context) {
    const { model, emitted, plan } = context;
    const half = plan.regions.find(region => region.half)?.half;
    const undo: Undo = {
      version: 1,
      gates: [...emitted.gates.map(gate => gate.node), ...(emitted.narrowing ? [emitted.narrowing] : [])].map(
        node => node.name,
      ),
      renamed: Object.fromEntries(
        emitted.gates.flatMap(g => (g.renamed ? [[g.renamed.from, g.renamed.to]] : [])),
      ),
      reread: Object.fromEntries(emitted.reread),
      copies: Object.fromEntries(emitted.copies),
      ...(half && { batch: half.batch }),
    };
    model.metadata.set(MANIFEST_KEY, JSON.stringify(manifestOf(context)));
    model.metadata.set(UNDO_KEY, JSON.stringify(undo));
  },
};

const NEXT: Manifest['signals'][number] = {
  output: signalOutput('next'),
  type: 'bool',
  shape: [1],
  name: 'next',
  doc: 'false when the next step will be computed, as far as its state and the knobs of this one tell',
};

/** Where the next control vector has what a signal says. */
function stored({ control, layout }: Plan, field: string): Pick<Manifest['signals'][number], 'stored'> {
  return { stored: { output: stateOutput(control.name), at: positionOf(layout, field) } };
}

/** What clients need to know of the compiled model. */
function manifestOf(context: Context): Manifest {
  const { model, plan, emitted } = context;
  const ours = (name: string): boolean => name.startsWith('bwc.');
  return {
    format: 'bwc.manifest',
    version: 1,
    compiler: COMPILER,
    method: plan.method,
    options: plan.options,
    decision: plan.decision.kind,
    steps: plan.steps,
    stateDefaults: plan.stateDefaults,
    inputs: model.graph.inputs.map(v => v.name).filter(n => !ours(n)),
    outputs: model.graph.outputs.map(v => v.name).filter(n => !ours(n)),
    roles: {
      latent: plan.latent.name,
      timestep: plan.timestep?.name ?? null,
      prediction: outerName(context, plan.prediction),
    },
    state: statesOf(plan).map(s => {
      const pair = { input: stateInput(s.name), output: stateOutput(s.name) };
      const size = { ...described(s.type), bytes: bytesOf(s.type) };
      return { ...pair, ...size, inPlace: sharesBuffer(model, pair), holds: s.holds };
    }),
    knobs: [
      { input: KNOBS_INPUT, type: 'float32', shape: [KNOBS.length], fields: KNOBS.map(k => ({ ...k })) },
    ],
    signals: [
      {
        output: signalOutput('computed'),
        type: 'bool',
        shape: [plan.channels],
        name: 'computed',
        doc:
          plan.channels === 1
            ? 'true when the blocks were computed'
            : 'for each channel, true when the regions that obey it were computed',
        ...(plan.channels === 1 && stored(plan, 'run')),
      },
      {
        output: signalOutput('value'),
        type: 'float32',
        shape: [1],
        name: 'value',
        doc: 'measured change; 1000 when this step was not measured',
        ...stored(plan, 'value'),
      },
      {
        output: signalOutput('count'),
        type: 'float32',
        shape: [1],
        name: 'count',
        doc: 'steps computed since the generation began',
        ...stored(plan, 'count'),
      },
      ...(emitted.next ? [NEXT] : []),
    ],
    regions: emitted.gates.map(({ region, compute }) => ({
      name: region.name,
      blocks: [...region.blocks],
      channel: region.channel,
      enters: region.enters.map(v => v.name),
      ...(region.half && { half: region.half.computed }),
      leaves: region.exits.map(e => outerName(context, e.value)),
      continues: region.exits.map(e => e.enters?.name ?? null),
      flops: region.flops ?? null,
      nodes: compute.nodes.filter(n => !n.name.startsWith('bwc/')).length,
    })),
    cost: {
      flops: plan.flops ?? null,
      addedNodes: addedNodes(model),
      deviceToHost: copiesTaken(plan),
    },
    source: { sha256: plan.source },
  };
}

/** The manifest for two models, where what it says of the graph holds for both. */
export function manifestOfTwo(manifest: Manifest, halves: readonly Model[]): Manifest {
  return {
    ...manifest,
    state: manifest.state.map(pair => ({ ...pair, inPlace: halves.every(half => sharesBuffer(half, pair)) })),
    cost: { ...manifest.cost, addedNodes: Math.max(...halves.map(addedNodes)) },
  };
}

function addedNodes({ graph }: Model): number {
  return [...allNodes(graph)].filter(node => node.name.startsWith('bwc/')).length;
}

function sharesBuffer({ graph }: Model, pair: { readonly input: string; readonly output: string }): boolean {
  const input = graph.inputs.find(value => value.name === pair.input);
  const output = graph.outputs.find(value => value.name === pair.output);
  return input !== undefined && output !== undefined && mayShareBuffer(graph, input, output);
}

/**
 * ONNX Runtime keeps small arithmetic on the host when it is joined with a `Shape` that it cannot fold, and when nothing
 * in it is a 16-bit float (fallback_cpu_capability.cc).
 */
function copiesTaken({ timestep, variable, decision, channels }: Plan): number {
  const half = timestep?.type?.kind === 'tensor' && timestep.type.elem.endsWith('float16');
  const onHost = variable.length > 0 && !half;
  return looksAtStep(decision) || onHost ? copiesOf(decision, channels) : channels;
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
