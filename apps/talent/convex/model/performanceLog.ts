/**
 * The performance log of the form that was optimised by hand: how many rows a query read, and when.
 *
 * The time in it is the trouble: a query that looks at the clock cannot be cached for long, and lines that differ in every run make
 * every run look different. The fixed form logs nothing.
 */

/** Logs read counts with the current time. */
export function logReads(name: string, counts: Readonly<Record<string, number>>): void {
  const shown = Object.entries(counts).map(([what, count]) => `${what}=${count}`);
  console.log(`[PERF] ${new Date().toISOString()} ${name} ${shown.join(" ")}`);
}
