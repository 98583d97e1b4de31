/**
 * Ways to put load on a server and to count what it does.
 *
 * @module
 */

/** Closed loop: each of `clients` calls again as soon as it is answered. Returns calls a second and latencies in microseconds. */
export async function closedLoop<T>(
  clients: readonly T[],
  ms: number,
  call: (client: T) => Promise<unknown>,
): Promise<{ readonly perSecond: number; readonly latenciesUs: number[] }> {
  const latenciesUs: number[] = [];
  const start = performance.now();
  const end = start + ms;
  await Promise.all(
    clients.map(async (client) => {
      let before = performance.now();
      while (before < end) {
        await call(client);
        const after = performance.now();
        latenciesUs.push((after - before) * 1000);
        before = after;
      }
    }),
  );
  return { perSecond: (latenciesUs.length / (performance.now() - start)) * 1000, latenciesUs };
}

/** Open loop: `perSecond` calls of `call` for `ms` milliseconds, whether earlier ones are answered or not. */
export async function openLoop(perSecond: number, ms: number, call: () => void): Promise<void> {
  const start = performance.now();
  let done = 0;
  for (;;) {
    const elapsedMs = performance.now() - start;
    if (elapsedMs >= ms) return;
    const due = Math.floor((elapsedMs * perSecond) / 1000);
    for (; done < due; done++) call();
    await new Promise((resolve) => void setTimeout(resolve, 1));
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Draws numbers below `count`; with `exponent` 0 evenly, else by Zipf's law with it. */
export function drawer(count: number, exponent: number): () => number {
  if (exponent === 0) return () => Math.floor(Math.random() * count);
  const sums = new Float64Array(count);
  let sum = 0;
  for (let n = 0; n < count; n++) {
    sum += (n + 1) ** -exponent;
    sums[n] = sum;
  }
  return () => {
    const drawn = Math.random() * sum;
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < drawn) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}
