import { CONVEX_LIMITS, parseSchema } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { expect, test } from "vitest";
import { MemoryEngine } from "../engine/memory-engine.ts";
import { Database } from "./database.ts";
import { randomBytes } from "node:crypto";

test("tables, indexes, schema and cursors live on over a reopening", () => {
  const engine = new MemoryEngine<Doc>();
  let now = 1.7e12;
  const db = Database.open({
    engine,
    clock: { nowMs: () => now++ },
    random: { bytes: (n) => randomBytes(n) },
    limits: CONVEX_LIMITS,
  });
  db.defineSystemTable("_scheduled_functions", [{ name: "by_time", fields: ["time"] }]);
  const tx = db.begin({ readOnly: false });
  const ids = [1, 2, 3, 4, 5].map((n) => tx.insert("messages", { n, body: { a: n % 2 } }));
  tx.patch(ids[2]!, { n: 10, body: undefined });
  tx.delete(ids[0]!);
  const commit = tx.commit("x:y")!;
  expect(commit.names).toEqual(["table:messages"]);
  expect(commit.changes.length).toBe(1 + 4);
  db.setSchema(
    parseSchema({
      schemaValidation: true,
      tables: [
        {
          tableName: "messages",
          indexes: [{ indexDescriptor: "by_n", fields: ["body.a", "n"] }],
          stagedDbIndexes: [],
          searchIndexes: [],
          vectorIndexes: [],
          documentType: { type: "any" },
        },
      ],
    }),
  );
  const q = db.begin({ readOnly: true });
  const s = q.query({
    table: "messages",
    index: "by_n",
    range: [
      { type: "eq", fieldPath: "body.a", value: 0 },
      { type: "gt", fieldPath: "n", value: 2 },
    ],
    order: "desc",
    operators: [],
  });
  expect([s.next()?.["n"], s.next()]).toEqual([4, undefined]);
  const plan = { table: "messages", index: "by_n", range: [], order: "asc", operators: [] } as const;
  const page = q.paginate(plan, { numItems: 2, cursor: null });
  expect(page.page.map((d) => d["n"])).toEqual([10, 2]);
  q.abort();
  const q2 = db.begin({ readOnly: true });
  const page2 = q2.paginate(plan, { numItems: 20, cursor: page.continueCursor });
  expect(page2.page.map((d) => d["n"])).toEqual([4, 5]);
  expect(page2.isDone).toBe(true);
  const again = Database.open({
    engine,
    clock: { nowMs: () => now++ },
    random: { bytes: (n) => randomBytes(n) },
    limits: CONVEX_LIMITS,
  });
  const q3 = again.begin({ readOnly: true });
  expect(q3.paginate(plan, { numItems: 20, cursor: page.continueCursor })).toEqual(page2);
});
