/**
 * Schedules of the methods that look at a calibration, made anew from the features of a whole generation: true is
 * computed. Written from the papers, as the method pages quote them.
 */
import type { Feature } from './rules.js';

type Steps = readonly Feature[];

/** MagCache: the product of the ratios of norms says how far the residual has gone. */
export function magnitudes(
  residual: Steps,
  { delta, most, retention }: { delta: number; most: number; retention: number },
): readonly boolean[] {
  let [ratio, count, error] = [1, 0, 0];
  return residual.map((now, step) => {
    if (step >= retention * residual.length) {
      ratio *= tokenRatio(now, residual[step - 1] ?? now);
      count += 1;
      error += Math.abs(1 - ratio);
      if (error <= delta && count <= most) return false;
    }
    [ratio, count, error] = [1, 0, 0];
    return true;
  });
}

/** SmoothCache: from each computed step the longest skip whose error, a mean over the layers, is within alpha. */
export function smooth(layers: readonly Steps[], alpha: number, lookback: number): readonly boolean[] {
  const steps = layers[0]?.length ?? 0;
  const error = (s: number, k: number): number =>
    layers.reduce((sum, o) => sum + relative(o, s, s - k, s), 0) / layers.length;
  const computed = Array.from({ length: steps }, () => false);
  let at = 0;
  while (at < steps) {
    computed[at] = true;
    const skips = Array.from({ length: lookback }, (_, i) => i + 1).filter(
      k => at + k < steps - 1 && error(at + k, k) <= alpha,
    );
    at += 1 + Math.max(0, ...skips);
  }
  return computed;
}

/** Block Caching: computed once the changes since it last was would add up to more than delta. */
export function accumulated(layer: Steps, delta: number): readonly boolean[] {
  const computed = [0];
  for (let s = 1; s < layer.length; s++) {
    let sum = 0;
    for (let t = (computed.at(-1) ?? 0) + 1; t <= s; t++) sum += relative(layer, t, t - 1, t);
    if (sum > delta) computed.push(s);
  }
  return layer.map((_, s) => computed.includes(s));
}

/**
 * BAC: the similarity inside runs is that of all neighbours less that across the runs' beginnings, so that it is
 * largest where the runs begin at the least similar steps. Then the feed-forwards that change most join those behind.
 */
export function bubbled(
  layers: readonly Steps[],
  kinds: readonly string[],
  updates: number,
  upstream: number,
): readonly (readonly boolean[])[] {
  const tables = layers.map(layer => {
    const later = layer.slice(1).map((now, i) => ({ step: i + 1, cosine: cosine(now, layer[i] ?? now) }));
    const begins = later.sort((a, b) => a.cosine - b.cosine).slice(0, updates - 1);
    return layer.map((_, s) => s === 0 || begins.some(({ step }) => step === s));
  });
  const forwards = layers.flatMap((_, i) => (kinds[i] === 'feed-forward' ? [i] : []));
  const far = (i: number): number => {
    const layer = layers[i] ?? [];
    const pairs = layer.flatMap((_, s) =>
      Array.from({ length: Math.min(s, 8) }, (_k, k) => relative(layer, s, s - k - 1, s - k - 1)),
    );
    return pairs.reduce((a, b) => a + b, 0) / pairs.length;
  };
  const most = [...forwards].sort((a, b) => far(b) - far(a)).slice(0, upstream);
  return tables.map((table, i) => {
    const behind = most.includes(i) ? forwards.filter(j => j > i) : [];
    return table.map((computed, s) => computed || behind.some(j => tables[j]?.[s] === true));
  });
}

/** LeMiCa, for a sampler of even steps: the path of so many steps whose errors, largest first, are least. */
export function leastBad(residual: Steps, count: number): readonly boolean[] {
  const steps = residual.length;
  const known = new Map<string, readonly (readonly [step: number, error: number])[] | undefined>();
  const edges = residual.map((held, from) => {
    const sum = new Float64Array(held.data.length);
    return Array.from({ length: steps + 1 }, (_, to) => {
      if (to <= from + 1) return 0;
      const skipped = residual[to - 1]?.data ?? [];
      let square = 0;
      for (let i = 0; i < sum.length; i++) {
        sum[i] = (sum[i] ?? 0) + (skipped[i] ?? Number.NaN) - (held.data[i] ?? Number.NaN);
        square += (sum[i] ?? 0) ** 2;
      }
      return Math.sqrt(square);
    });
  });
  /** From a computed step to the end, with so many computed ones left, this one among them. */
  const best = (from: number, left: number): readonly (readonly [number, number])[] | undefined => {
    const key = `${from} ${left}`;
    if (known.has(key)) return known.get(key);
    let found: readonly (readonly [number, number])[] | undefined;
    if (left === 1) found = [[from, edges[from]?.[steps] ?? 0]];
    else {
      for (let to = from + 1; to < steps; to++) {
        const rest = best(to, left - 1);
        const path = rest && ([[from, edges[from]?.[to] ?? 0], ...rest] as const);
        if (path !== undefined && (found === undefined || worst(path, found) < 0)) found = path;
      }
    }
    known.set(key, found);
    return found;
  };
  const path = best(0, count) ?? [];
  return residual.map((_, s) => path.some(([step]) => step === s));
}

type Path = readonly (readonly [step: number, error: number])[];

/** Below zero where the errors of `a`, largest first, come before those of `b`. */
function worst(a: Path, b: Path): number {
  const sorted = (path: Path): number[] => path.map(([, error]) => error).sort((x, y) => y - x);
  const [x, y] = [sorted(a), sorted(b)];
  const at = x.findIndex((error, i) => error !== y[i]);
  return at < 0 ? 0 : (x[at] ?? 0) - (y[at] ?? 0);
}

/** mean|layer(s) - layer(before)| / mean|layer(by)| */
function relative(layer: Steps, s: number, before: number, by: number): number {
  const size = layer[by]?.data ?? [];
  const now = layer[s]?.data ?? [];
  const then = layer[before]?.data ?? [];
  let [far, sum] = [0, 0];
  for (let i = 0; i < size.length; i++) {
    far += Math.abs((now[i] ?? Number.NaN) - (then[i] ?? Number.NaN));
    sum += Math.abs(size[i] ?? Number.NaN);
  }
  return far / sum;
}

function cosine(a: Feature, b: Feature): number {
  const dot = (x: Feature, y: Feature): number => {
    let sum = 0;
    for (let i = 0; i < x.data.length; i++) sum += (x.data[i] ?? Number.NaN) * (y.data[i] ?? Number.NaN);
    return sum;
  };
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Mean over tokens of |now| / |before|. */
function tokenRatio(now: Feature, before: Feature): number {
  const [, tokens = 0, channels = 0] = now.dims;
  const norm = ({ data }: Feature, token: number): number => {
    let sum = 0;
    for (let i = token * channels; i < (token + 1) * channels; i++) sum += (data[i] ?? Number.NaN) ** 2;
    return Math.sqrt(sum);
  };
  let sum = 0;
  for (let token = 0; token < tokens; token++) sum += norm(now, token) / norm(before, token);
  return sum / tokens;
}
