/** The shortest decimal that reads back as the same float32, as `std::to_chars` gives it. */
export function float32Text(x: number): string {
  const single = Math.fround(x);
  if (!Number.isFinite(single) || Object.is(single, -0)) return float64Text(single);
  for (let digits = 1; digits < 9; digits++) {
    const near = Number(single.toPrecision(digits));
    if (Math.fround(near) === single) return float64Text(near);
  }
  return float64Text(Number(single.toPrecision(9)));
}

/** The shortest decimal that reads back as the same float64. */
export function float64Text(x: number): string {
  if (Number.isNaN(x)) return 'nan';
  if (!Number.isFinite(x)) return x < 0 ? '-inf' : 'inf';
  return Object.is(x, -0) ? '-0' : String(x);
}

/** The number that a literal of the syntax stands for; undefined when it is none. */
export function numberOf(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1;
  switch (text.replace(/^-/, '').toLowerCase()) {
    case 'nan':
      return Number.NaN;
    case 'inf':
    case 'infinity':
      return sign * Number.POSITIVE_INFINITY;
    default:
      return /^-?\d+\.?\d*([eE][-+]?\d+)?$/.test(text) ? Number(text) : undefined;
  }
}
