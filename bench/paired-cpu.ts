/**
 * Comparison by CPU time of sides that do the same work in this process, asynchronously.
 *
 * For machines that others use too: time on the clock says nothing there, and even CPU time comes in two kinds, undisturbed and twice as long. Slices
 * are as short as one call, and the sides take turns there and back (a-b-c-c-b-a), so that what the machine does meanwhile hits all alike.
 * Compared are the means of each side's cheaper half, in which little was disturbed; the interval is from turns drawn again. What that leaves out: most
 * of the slices in which garbage is collected, which are dearer too.
 *
 * All sides do the same number of calls from beginning to end: caches that fill up and heaps that grow would tell them apart otherwise.
 *
 * @module
 */
import type { Ratio } from "./compare.ts";

/** One side. */
export interface Side {
  readonly name: string;
  readonly work: () => Promise<unknown>;
}

const RESAMPLES = 1_000;
const CHEAPER_SHARE = 0.5;
/** Share of the turns that is played before, uncounted. */
const WARMUP_SHARE = 0.2;

/** The throughput of each candidate, for CPU time, as a share of that of the baseline. Without turns each side is called once, to see that it works. */
export async function comparePaired(
  baseline: Side,
  candidates: readonly Side[],
  turns: number,
): Promise<readonly Ratio[]> {
  const sides = [baseline, ...candidates];
  if (turns === 0) {
    for (const { work } of sides) await work();
    return [];
  }
  const counted: Turn[] = [];
  for (let at = -Math.ceil(turns * WARMUP_SHARE); at < turns; at += 1) {
    // Whoever begins has an easier time of it, or a harder one.
    const shift = ((at % sides.length) + sides.length) % sides.length;
    const played = await turn(sides, shift);
    if (at >= 0) counted.push(played);
  }
  return candidates.map(({ name }, at) => ratioOf(name, counted, at + 1));
}

function ratioOf(name: string, turns: readonly Turn[], at: number): Ratio {
  const ratio = (drawn: readonly Turn[]): number => costOf(drawn, 0) / costOf(drawn, at);
  const draw = (): Turn[] => turns.map((_, n) => turns[Math.floor(Math.random() * turns.length)] ?? turns[n] ?? []);
  const ratios = Array.from({ length: RESAMPLES }, () => ratio(draw())).sort((a, b) => a - b);
  return {
    name,
    ratio: ratio(turns),
    low: ratios[Math.floor(RESAMPLES * 0.025)] ?? Number.NaN,
    high: ratios[Math.floor(RESAMPLES * 0.975)] ?? Number.NaN,
    baselinePerSecond: 1e6 / costOf(turns, 0),
    candidatePerSecond: 1e6 / costOf(turns, at),
  };
}

/** Microseconds of one call of a side. */
function costOf(turns: readonly Turn[], at: number): number {
  const slices = turns.flatMap((sides) => sides[at] ?? []).sort((a, b) => a - b);
  const cheaper = slices.slice(0, Math.ceil(slices.length * CHEAPER_SHARE));
  return cheaper.reduce((sum, slice) => sum + slice, 0) / cheaper.length;
}

/** Microseconds of CPU of each call, side by side. */
type Turn = readonly (readonly number[])[];

async function turn(sides: readonly Side[], shift: number): Promise<Turn> {
  const there = sides.map((_, at) => (at + shift) % sides.length);
  const slices = sides.map((): number[] => []);
  for (const at of [...there, ...there.toReversed()]) slices[at]?.push(await cpuOf(sides[at]?.work));
  return slices;
}

async function cpuOf(work: (() => Promise<unknown>) | undefined): Promise<number> {
  const start = process.cpuUsage();
  await work?.();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}
