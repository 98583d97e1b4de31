/**
 * Queries inside the core: runs of an indexed query a second, and documents scanned a second.
 *
 * Expected before measuring: a run costs the calls of `ctx.db`, the read set and the result's JSON, so about half of what a plain handler over a
 * `Map` reaches, whose cost is JSON alone. Scans: ten times LMDB when decoded, about LMDB's own speed when not.
 *
 * @module
 */
import { Child } from "../child.ts";
import type { Pair, QueryFigures } from "../core-process.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";

export async function queries({ documents, rounds, sliceMs }: Scale): Promise<Row[]> {
  const inside = Child.start("core-process.ts");
  try {
    const figures = await inside.ask<QueryFigures>({ type: "queries", documents, rounds, sliceMs: sliceMs / 2 });
    return [
      checked(
        row("indexed query runs, 10 documents, unshared, warm", "runs/s", figures.runs, "plain handler over a Map"),
        "value",
        ">=",
        40_000,
      ),
      row("documents scanned by a query, warm", "docs/s", figures.warmArray, "raw array"),
      checked(row("the same against LMDB", "docs/s", figures.warmLmdb, "LMDB scan + decode, warm"), "ratio", ">=", 10),
      checked(
        row("documents scanned by a query, first time after a start", "docs/s", figures.coldLmdb, "LMDB scan + decode"),
        "ratio",
        ">=",
        1,
      ),
    ];
  } finally {
    await inside.stop();
  }
}

function row(name: string, unit: string, pair: Pair, limit: string): Row {
  return { name, unit, value: pair.ours, limit: { name: limit, value: pair.limit }, ratio: pair.ratio };
}
