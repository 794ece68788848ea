import type { Gates } from './config.js';
import type { Change, GateResult, ModelResult } from './result.js';

/** What gates look at. */
export interface Measured extends Pick<ModelResult, 'bench' | 'addedNodes' | 'addedOps' | 'stateBytes'> {
  /** Changes since the last release that a client would notice; undefined without a last release. */
  readonly seen: readonly Change[] | undefined;
}

/** One result for each gate that is set. */
export function passGates(gates: Gates, measured: Measured): GateResult[] {
  const { bench, addedNodes, addedOps, stateBytes, seen } = measured;
  const results: GateResult[] = [];
  const add = (gate: keyof Gates, ok: boolean, limit: string, found: string): void =>
    void results.push({ gate, ok, limit, found });
  const atLeast = (gate: keyof Gates, limit: number | undefined, found: number | undefined): void => {
    if (limit === undefined) return;
    add(gate, found !== undefined && found >= limit, `at least ${limit}`, numberText(found));
  };
  const atMost = (gate: keyof Gates, limit: number | undefined, found: number | null, open: string): void => {
    if (limit === undefined) return;
    add(gate, found !== null && found <= limit, `at most ${limit}`, found === null ? open : String(found));
  };
  atLeast('minSpeedup', gates.minSpeedup, bench?.speedup);
  atLeast('minEfficiency', gates.minEfficiency, bench?.efficiency);
  atLeast('minPsnr', gates.minPsnr, bench?.psnr === null ? Number.POSITIVE_INFINITY : bench?.psnr);
  atMost('maxStateBytes', gates.maxStateBytes, stateBytes, 'open sizes; a profile would fix them');
  atMost('maxNewNodes', gates.maxNewNodes, addedNodes, 'unknown');
  if (gates.allowedOps !== undefined) {
    const allowed = new Set(gates.allowedOps);
    const others = addedOps.filter(op => !allowed.has(op));
    add(
      'allowedOps',
      others.length === 0,
      `no other new operators than ${gates.allowedOps.join(', ') || 'none'}`,
      others.length === 0 ? 'no others' : others.join(', '),
    );
  }
  if (gates.sameInterface === true && seen !== undefined) {
    const text = seen.map(({ what, before, after }) => `${what} (${before} → ${after})`).join('; ');
    add('sameInterface', seen.length === 0, 'nothing that a client notices', text || 'nothing');
  }
  return results;
}

function numberText(x: number | undefined): string {
  if (x === undefined) return 'not measured';
  return Number.isFinite(x) ? String(Number(x.toPrecision(6))) : '∞';
}
