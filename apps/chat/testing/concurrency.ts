/**
 * What an optimistic database makes of writers that come at once: a model, for counting conflicts where the engine has none.
 *
 * Narrowcast runs mutations one after another, so none ever conflicts. On a database that runs them side by side a transaction has to
 * be done again when one that committed first wrote a row that it read. The rows here are those that the real functions wrote.
 */

/** Conflicts when transactions run `atOnce` at a time, each with the rows that it reads and writes, given in the order of their commits. */
export function conflictsOf(rows: readonly ReadonlySet<string>[], atOnce: number): number {
  let conflicts = 0;
  for (let from = 0; from < rows.length; from += atOnce) {
    const written = new Set<string>();
    for (const each of rows.slice(from, from + atOnce)) {
      if ([...each].some((row) => written.has(row))) conflicts += 1;
      for (const row of each) written.add(row);
    }
  }
  return conflicts;
}
