import { isWithin, Tensor, type Value } from '../ir/index.js';
import { ruleOf } from './decisions/index.js';
import { branchOutput, keptOf } from './gate-regions.js';
import { measureApart } from './measure-apart.js';
import { builder, type Context, type Gate, need, type Pass, returnAs, stateOutput } from './pass.js';
import { compareIf, metricOf, SCALAR, samplesOf, UNMEASURED } from './sampling.js';

/**
 * Keeps what later steps are compared with. Where nothing was looked at before the gate, it samples the probed tensors
 * in the compute branch and compares them there with what the state holds. An inner `If` leaves the comparison out
 * where there is nothing to compare with or nothing to decide; a value that is not finite still shows, so that the
 * next step does not trust such a state.
 */
export const measure: Pass = {
  name: 'measure',
  run(context) {
    const { model, plan, emitted } = context;
    if (plan.probe?.apart !== undefined) return measureApart(context);
    const rule = ruleOf(plan.decision);
    const gate = gateOfProbe(context);
    const b = builder(context, gate.compute, 'indicator', 'measure');
    const inReuse = builder(context, gate.reuse, 'reuse', 'measure');
    const give = (computed: Value, reused: Value, name: string): Value =>
      branchOutput(context, gate, computed, reused, SCALAR, name);
    const scalar = (x: number): Value => inReuse.given(Tensor.float32([x]));

    const samples = emitted.samples ?? samplesOf(context, b, value => gate.within.get(value) ?? value);
    if (emitted.measured === undefined) {
      const { measure: when } = need(context, 'forecast');
      const plainly = (): Value =>
        plan.probe
          ? compareIf(context, b, 'measure', when, samples, metricOf(plan))
          : b.given(Tensor.float32([UNMEASURED]));
      const value = rule.test?.({ b, context, gate, samples }) ?? plainly();
      emitted.measured = give(value, scalar(UNMEASURED), 'measured');
    }
    const behind = rule.behind?.({ b, context, gate, samples });
    if (behind !== undefined) emitted.behind = give(behind, scalar(0), 'behind');
    for (const [i, { state, before, now }] of samples.entries()) {
      const own = emitted.samples === undefined ? now : b.op('Identity', [now], { type: state.type });
      const fresh = keptOf(context, b, own, state);
      const kept = rule.everyStep?.(i) === true ? now : before;
      const old = inReuse.op('Identity', [kept], { type: state.type });
      returnAs(
        model.graph,
        stateOutput(state.name),
        branchOutput(context, gate, fresh, old, state.type, state.name),
      );
    }
    b.place();
    inReuse.place();
  },
};

/** The gate behind which the probed tensors lie; the first one where they lie in front. */
function gateOfProbe({ plan, emitted }: Context): Gate {
  const tapped = plan.probe?.taps[0]?.values[0]?.value;
  const holds = (gate: Gate): boolean =>
    tapped !== undefined &&
    (gate.within.has(tapped) || (tapped.producer !== undefined && isWithin(gate.compute, tapped.producer)));
  const gate = emitted.gates.find(holds) ?? emitted.gates[0];
  if (gate === undefined) throw new Error('there is no gate');
  return gate;
}
