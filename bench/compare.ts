/**
 * Paired comparison of two pieces of code in one process.
 *
 * Machines drift; ratios taken in turn do not. Both sides run in short slices, one after the other with the order flipped each round, and
 * the median of the per-round ratios is reported with a bootstrap interval.
 *
 * @module
 */

/** Two sides that must give the same. */
export interface Comparison<T> {
  readonly baseline: () => T;
  readonly candidate: () => T;
}

/** How many times as fast the candidate is, with the middle 95 % of resampled medians. */
export interface Ratio {
  readonly name: string;
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
  /** Calls per second of the baseline: orientation only. */
  readonly baselinePerSecond: number;
  readonly candidatePerSecond: number;
}

const ROUNDS = 31;
const SLICE_MS = 20;
const RESAMPLES = 500;

/** @throws {Error} If the two sides give different results. @returns `undefined` in smoke mode, after one call of each. */
export function compare<T>(name: string, { baseline, candidate }: Comparison<T>): Ratio | undefined {
  const expected = JSON.stringify(baseline());
  const actual = JSON.stringify(candidate());
  if (expected !== actual) throw new Error(`Cannot compare "${name}": the sides give ${expected} and ${actual}`);
  if (process.env["BENCH"] === "smoke") return undefined;
  slice(baseline);
  slice(candidate);
  const rates: { base: number; other: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    if (round % 2 === 0) rates.push({ base: slice(baseline), other: slice(candidate) });
    else {
      const other = slice(candidate);
      rates.push({ base: slice(baseline), other });
    }
  }
  const ratios = rates.map(({ base, other }) => other / base);
  const medians = Array.from({ length: RESAMPLES }, () => median(ratios.map(() => pick(ratios)))).sort((a, b) => a - b);
  return {
    name,
    ratio: median(ratios),
    low: medians[Math.floor(RESAMPLES * 0.025)] ?? Number.NaN,
    high: medians[Math.floor(RESAMPLES * 0.975)] ?? Number.NaN,
    baselinePerSecond: median(rates.map(({ base }) => base)),
    candidatePerSecond: median(rates.map(({ other }) => other)),
  };
}

/** @returns Calls per second over one slice. */
function slice(body: () => unknown): number {
  const startMs = performance.now();
  let calls = 0;
  let elapsedMs = 0;
  while (elapsedMs < SLICE_MS) {
    body();
    calls += 1;
    elapsedMs = performance.now() - startMs;
  }
  return (calls / elapsedMs) * 1000;
}

function pick(values: readonly number[]): number {
  return values[Math.floor(Math.random() * values.length)] ?? Number.NaN;
}

/** Middle value; the upper one of an even count. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The value that `share` (0..1) of the samples do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** One line of text. */
export function report(result: Ratio, digits = 2): string {
  const [ratio, low, high] = [result.ratio, result.low, result.high].map((value) => value.toFixed(digits));
  return `${result.name.padEnd(48)} ${ratio}x  [${low}, ${high}]  ${Math.round(result.candidatePerSecond)}/s against ${Math.round(result.baselinePerSecond)}/s`;
}
