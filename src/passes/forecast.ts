import type { Builder, Value } from '../ir/index.js';
import { type Guards, looksAtStep } from '../methods/index.js';
import { type Plan, PULL } from '../plan/index.js';
import { type Pair, ruleOf, type Start } from './decisions/index.js';
import { allLess, field } from './keep-time.js';
import { lookup } from './lookup.js';
import { builder, type Clock, type Decided, need, type Pass } from './pass.js';

/** A threshold that is set below zero means that nothing is reused, not even what was decided before. */
const BELOW_ZERO = -1e-30;

/** Lets a number that should be whole be whole in spite of float32. */
const ROUNDING = 1e-3;

/**
 * Works out what is known when a step starts: whether guards and schedule let it reuse, and whether a computed step is
 * worth measuring. Unless the step's own data has a say, that decides.
 */
export const forecast: Pass = {
  name: 'forecast',
  run(context) {
    const { model, plan, emitted } = context;
    const clock = need(context, 'clock');
    const b = builder(context, model.graph, 'forecast', 'forecast');
    const rule = ruleOf(plan.decision);
    const start = startOf(b, plan, clock);
    const { less, row } = allowance(plan, start);
    const pairs: Pair[] = [...less, [field(clock.knobs, 'force'), 0.5], [0.5, clock.valid]];
    const safe = allLess(b, pairs, 'may');
    const may = row === undefined ? safe : b.op('Mul', [safe, row], { name: 'reused' });
    const measure = rule.measured?.({ ...start, reused: may }) ?? clock.trusted;
    emitted.forecast = { may, measure, index: start.index, threshold: start.threshold };
    if (!looksAtStep(plan.decision)) emitted.decided = decidedBy(b, may, plan.channels);
    const after = clock.next.get('step')?.producer;
    const nodes = model.graph.nodes;
    b.place(nodes[(after ? nodes.indexOf(after) : -1) + 1]);
  },
};

/** What the decision is made of, for the step whose fields the clock has. */
export function startOf(b: Builder, plan: Plan, clock: Clock): Start {
  const steps = once(() => totalSteps(b, plan, clock));
  const index = usesTables(plan) ? stepIndex(b, plan, field(clock.fields, 'step'), steps()) : undefined;
  const threshold =
    'threshold' in plan.decision ? thresholdOf(b, plan.decision.threshold, plan, clock) : undefined;
  return { b, clock, steps, index: known(index), threshold: known(threshold) };
}

/** Pairs that must be in order for a step to reuse, by decision, guards and threshold knob; and 1 or 0 where a table has a say. */
export function allowance(
  plan: Plan,
  start: Start,
): { readonly less: readonly Pair[]; readonly row: Value | undefined } {
  const { less, row } = ruleOf(plan.decision).start(start);
  const stop: Pair = [BELOW_ZERO, field(start.clock.knobs, 'threshold')];
  const { most = 0, ...guards } = plan.guards;
  const { b, clock } = start;
  const ages = most > 0 ? clock.fields.get('age') : undefined;
  const pairs: Pair[] = [...less, ...guardPairs(ages ? guards : plan.guards, start), stop];
  const rows = row === undefined ? [] : [row];
  if (ages) rows.push(b.cast(b.op('Less', [ages, b.f32(most - 0.5)], { name: 'young' }), 'float32'));
  const half = plan.regions.find(region => region.half !== undefined);
  if (half !== undefined) {
    // What is not even has no halves.
    const odd = oddBatch(b, plan.latent);
    const others = Array.from({ length: plan.channels }, (_, i) => (i === half.channel ? 0 : 1));
    if (plan.channels === 1) pairs.push([odd, 0.5]);
    else rows.push(b.op('Max', [b.op('Sub', [b.f32(1), odd]), b.f32(...others)], { name: 'even' }));
  }
  const all = rows.length === 0 ? undefined : rows.reduce((x, y) => b.op('Mul', [x, y]));
  return { less: pairs, row: all };
}

/** 1 where the batch is odd, else 0: float32 [1], on the host. */
function oddBatch(b: Builder, latent: Value): Value {
  const rows = b.op('Slice', [b.op('Shape', [latent]), b.i64(0), b.i64(1)]);
  return b.cast(b.op('Mod', [rows, b.i64(2)]), 'float32');
}

/** The decision of each channel, from 1 where it reuses and 0 where not: float32 [channels]. */
export function decidedBy(b: Builder, reused: Value, channels: number): Decided {
  const reuse = b.cast(reused, 'bool');
  const computed = b.op('Not', [reuse]);
  if (channels === 1) return { reuse: [reuse], computed, reused };
  const lengths = Array.from({ length: channels }, () => 1);
  return {
    reuse: b.split(reuse, lengths, 'channel'),
    computed,
    reused: b.reduce('ReduceMin', reused, [0], true, { name: 'all_reused' }),
  };
}

/** Whether something is looked up by step. */
function usesTables({ decision, guards, regions }: Plan): boolean {
  const tables = regions.some(({ reuse }) => reuse.weights?.kind === 'table' || reuse.adjust !== undefined);
  const learned = 'metric' in decision && decision.metric.kind === 'learned-gate';
  const tabled = 'reuse' in decision || learned;
  return tabled || guards.mask !== undefined || tables;
}

/** A value that is emitted when it is first asked for. */
function once(emit: () => Value): () => Value {
  let value: Value | undefined;
  return () => {
    value ??= emit();
    return value;
  };
}

/** A value that only some plans have. */
function known(value: Value | undefined): () => Value {
  return () => {
    if (value === undefined) throw new Error('this decision was said not to need it');
    return value;
  };
}

/** The threshold: as compiled, unless the knob says otherwise, and moved towards the wanted share; float32 [1]. */
function thresholdOf(b: Builder, compiled: number, { wanted }: Plan, clock: Clock): Value {
  const knob = field(clock.knobs, 'threshold');
  const given = b.op('Where', [b.op('Equal', [knob, b.f32(0)]), b.f32(compiled), knob], {
    name: 'threshold',
  });
  if (wanted === 0) return given;
  return b.op('Mul', [given, b.op('Exp', [field(clock.fields, PULL)])], { name: 'threshold' });
}

/** The number of denoising steps: as compiled, unless the knob says otherwise. */
export function totalSteps(b: Builder, plan: Plan, clock: Clock): Value {
  const knob = field(clock.knobs, 'steps');
  return b.op('Where', [b.op('Greater', [knob, b.f32(0)]), knob, b.f32(plan.steps)], { name: 'steps' });
}

/** Where a step falls among the plan's steps; those of another number are spread over them evenly. */
export function stepIndex(b: Builder, plan: Plan, step: Value, steps: Value): Value {
  const here = b.op('Div', [b.op('Mul', [b.op('Add', [step, b.f32(ROUNDING)]), b.f32(plan.steps)]), steps]);
  const last = b.op('Min', [here, b.f32(plan.steps - 1)]);
  return b.cast(last, 'int64');
}

/** What must be in order for the guards to let a step reuse. */
function guardPairs(guards: Guards, { b, clock, steps, index }: Start): readonly Pair[] {
  const pairs: Pair[] = [];
  const step = field(clock.fields, 'step');
  const { warmup = 0, tail = 0, most = 0, mask, window } = guards;
  const share = (part: number): Value => b.op('Mul', [steps(), b.f32(part)]);
  if (warmup > 0)
    pairs.push([warmup >= 1 ? warmup - 0.5 : b.op('Sub', [share(warmup), b.f32(ROUNDING)]), step]);
  if (tail > 0) {
    const end = b.op('Sub', [steps(), tail >= 1 ? b.f32(tail) : share(tail)]);
    pairs.push([step, tail >= 1 ? b.op('Sub', [end, b.f32(0.5)]) : b.op('Sub', [end, b.f32(ROUNDING)])]);
  }
  if (most > 0) pairs.push([field(clock.fields, 'run'), most - 0.5]);
  if (mask !== undefined) {
    pairs.push([0.5, lookup(b, mask.map(Number), index(), 'mask')]);
  }
  if (window !== undefined && clock.time !== undefined) {
    pairs.push([window[0], clock.time], [clock.time, window[1]]);
  }
  return pairs;
}
