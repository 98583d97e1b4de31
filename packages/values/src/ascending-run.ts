/**
 * The longest run of elements that kept their order.
 *
 * @module
 */

/**
 * Positions of a longest ascending subsequence; negative numbers are passed over.
 *
 * @param numbers Different from one another where they are not negative.
 *
 * Source: M. L. Fredman, "On computing the length of longest increasing subsequences", 1975 (patience sorting).
 */
export function ascendingRun(numbers: readonly number[]): ReadonlySet<number> {
  /** Position of the smallest last element of a run of each length. */
  const lasts: number[] = [];
  const previous = new Int32Array(numbers.length).fill(-1);
  for (const [position, number] of numbers.entries()) {
    if (number < 0) continue;
    let low = 0;
    let high = lasts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((numbers[lasts[middle] as number] as number) < number) low = middle + 1;
      else high = middle;
    }
    previous[position] = low === 0 ? -1 : (lasts[low - 1] as number);
    lasts[low] = position;
  }
  const run = new Set<number>();
  for (let position = lasts.at(-1) ?? -1; position >= 0; position = previous[position] as number) run.add(position);
  return run;
}
