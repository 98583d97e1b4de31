/**
 * Comparison by CPU time of sides that do the same work in this process, asynchronously.
 *
 * For machines that others use too: time on the clock says nothing there, and even CPU time comes in two kinds, undisturbed and twice as long. Slices
 * are as short as one call, and the sides take turns there and back (a-b-c-d-d-c-b-a), so that what the machine does meanwhile hits all alike.
 * Compared are the means of each side's cheapest quarter, in which little was disturbed; the interval is from turns drawn again. What that leaves out: most
 * of the slices in which garbage is collected, which are dearer too.
 *
 * All sides do the same number of calls from beginning to end: caches that fill up and heaps that grow would tell them apart otherwise.
 *
 * @module
 */
import type { Ratio } from "./compare.ts";

/** One call of a side: some milliseconds, or the caches that the others left cold are what is measured. */
export type Work = () => Promise<unknown>;

const RESAMPLES = 1_000;
const CHEAPEST_SHARE = 0.25;
/** Share of the turns that is played before, uncounted. */
const WARMUP_SHARE = 0.2;

/** A comparison, and what the measuring itself is worth. */
export interface PairedRatio {
  /** The throughput of `on`, for CPU time, as a share of that of `off`. */
  readonly ratio: Ratio;
  /** The same for the second of the two that are `off` against the first: what differs by chance, such as where things lie in memory. */
  readonly error: Ratio;
}

/**
 * Compares two sides of which there are two each, in all of which the same should happen.
 *
 * @param turns 0: each side is called once, to see that it works.
 */
export async function comparePaired(
  name: string,
  { off, on }: { readonly off: readonly [Work, Work]; readonly on: readonly [Work, Work] },
  turns: number,
): Promise<PairedRatio | undefined> {
  const sides = [off[0], on[0], off[1], on[1]];
  if (turns === 0) {
    for (const work of sides) await work();
    return undefined;
  }
  const counted: Turn[] = [];
  for (let at = -Math.ceil(turns * WARMUP_SHARE); at < turns; at += 1) {
    // Whoever begins has an easier time of it, or a harder one.
    const shift = ((at % sides.length) + sides.length) % sides.length;
    const played = await turn(sides, shift);
    if (at >= 0) counted.push(played);
  }
  return { ratio: ratioOf(name, counted, [0, 2], [1, 3]), error: ratioOf("  both without", counted, [0], [2]) };
}

function ratioOf(name: string, turns: readonly Turn[], base: readonly number[], other: readonly number[]): Ratio {
  const cost = (drawn: readonly Turn[], sides: readonly number[]): number =>
    sides.reduce((sum, at) => sum + costOf(drawn, at), 0) / sides.length;
  const draw = (): Turn[] => turns.map((_, n) => turns[Math.floor(Math.random() * turns.length)] ?? turns[n] ?? []);
  const ratio = (drawn: readonly Turn[]): number => cost(drawn, base) / cost(drawn, other);
  const ratios = Array.from({ length: RESAMPLES }, () => ratio(draw())).sort((a, b) => a - b);
  return {
    name,
    ratio: ratio(turns),
    low: ratios[Math.floor(RESAMPLES * 0.025)] ?? Number.NaN,
    high: ratios[Math.floor(RESAMPLES * 0.975)] ?? Number.NaN,
    baselinePerSecond: 1e6 / cost(turns, base),
    candidatePerSecond: 1e6 / cost(turns, other),
  };
}

/** Microseconds of one call of a side. */
function costOf(turns: readonly Turn[], at: number): number {
  const slices = turns.flatMap((sides) => sides[at] ?? []).sort((a, b) => a - b);
  const cheapest = slices.slice(0, Math.ceil(slices.length * CHEAPEST_SHARE));
  return cheapest.reduce((sum, slice) => sum + slice, 0) / cheapest.length;
}

/** Microseconds of CPU of each call, side by side. */
type Turn = readonly (readonly number[])[];

async function turn(sides: readonly Work[], shift: number): Promise<Turn> {
  const there = sides.map((_, at) => (at + shift) % sides.length);
  const slices = sides.map((): number[] => []);
  for (const at of [...there, ...there.toReversed()]) slices[at]?.push(await cpuOf(sides[at]));
  return slices;
}

async function cpuOf(work: Work | undefined): Promise<number> {
  const start = process.cpuUsage();
  await work?.();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
