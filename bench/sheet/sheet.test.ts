/**
 * The sheet's figures under Convex's rules are the seed's, and all combinations play the same.
 */
import { beforeAll, expect, test } from "vitest";
import { measure, type SheetRow } from "./measure.ts";
import { SYSTEMS } from "./systems.ts";
import { ORCHESTRATOR } from "./systems/orchestrator/system.ts";
import { missesOf, sheetMarkdown, sheetText } from "./table.ts";
import { rowOf, scenarioNamed, TINY_SIZE } from "./testing/rows.ts";

const SLOW_MS = 120_000;
let typical: SheetRow[];
let worst: SheetRow[];

beforeAll(async () => {
  typical = await measure(ORCHESTRATOR, "typical", scenarioNamed(ORCHESTRATOR, "tick"), TINY_SIZE);
  worst = await measure(ORCHESTRATOR, "worst", scenarioNamed(ORCHESTRATOR, "tick"), TINY_SIZE);
}, SLOW_MS);

test("a tick, before, by Convex's rules runs two graph queries again, with the documents of the seed's table", () => {
  const graphs = ["before/scheduler:getAllAssignments", "before/scheduler:getReadyJobs"];
  expect(rowOf(typical, "before", "convex").queries).toEqual({
    [graphs[0]!]: { runs: 1, documents: 327 },
    [graphs[1]!]: { runs: 1, documents: 42 },
  });
  // The seed's 320 + 320 are 32 assignments of 10 documents; here one assignment has one job more.
  expect(rowOf(worst, "before", "convex").queries).toEqual({
    [graphs[0]!]: { runs: 1, documents: 321 },
    [graphs[1]!]: { runs: 1, documents: 321 },
  });
});

test("of the 760 documents that the seed's four subscriptions hold, one more is held here", () => {
  // 321 + 321 + 99 + 20, and what both forms hold besides: ten threads, 200 messages, no ready chat job.
  const [threads, messages] = [10, 200];
  expect(rowOf(worst, "before", "convex").warmup.documents - threads - messages).toBe(761);
});

test("a tick, after, by Convex's rules wakes one subscription, which reads three documents", () => {
  for (const rows of [typical, worst]) {
    expect(rowOf(rows, "after", "convex").queries).toEqual({ "jobs:list": { runs: 1, documents: 3 } });
  }
});

test("every combination makes the same mutations", () => {
  for (const rows of [typical, worst]) {
    for (const { mutations } of rows) expect(mutations).toEqual(rows[0]!.mutations);
    expect(rows[0]!.mutations).toMatchObject({ calls: 1, documents: 1 });
  }
});

test("a socket with deltas is sent far less than a plain one", () => {
  const plain = rowOf(typical, "before", "convex").bytesSent;
  expect(rowOf(typical, "before", "narrow").bytesSent).toBeLessThan(plain / 1_000);
});

test("text and Markdown show every combination and name what the claim misses", () => {
  const after = rowOf(typical, "after", "convex");
  const costly = { ...rowOf(typical, "before", "narrow"), documents: after.documents + 1, bytes: 0, calls: 0 };
  const rows = typical.map((row) => (row.form === "before" && row.rules === "narrow" ? costly : row));
  const missed = { scenario: "tick", figure: "documents", convex: after.documents, reason: undefined };
  expect(missesOf(ORCHESTRATOR, rows)).toMatchObject([missed]);
  expect(sheetText(ORCHESTRATOR, rows)).toContain("tick, documents: 5 > 4. NOT EXPLAINED");
  expect(sheetMarkdown(ORCHESTRATOR, rows)).toMatch(
    /^\| tick \| documents read \| 370 \| 4 \| 5 \| \d+ \| 1\.3x \|$/mu,
  );
});

test("scenarios have names of their own, and exceptions belong to one", () => {
  for (const system of SYSTEMS) {
    const names = system.scenarios.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { scenario, figures } of system.excuses) {
      expect(names).toContain(scenario);
      expect(figures.length).toBeGreaterThan(0);
    }
  }
});
