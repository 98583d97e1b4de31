import { applyDelta, type JsonValue } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { RunResult } from "../protocol/live-types.ts";
import { DeltaTable, type GoodResult } from "./delta-table.ts";
import { SocketDeltas, asksForDeltas } from "./socket-deltas.ts";
import { openDeployment } from "./testing/call.ts";
import { SessionDriver } from "../testing/session-driver.ts";

const PAD = "p".repeat(300);
const BUDGET = 1_000_000;

function rows(count: number, n: number): JsonValue {
  return Array.from({ length: count }, (_, at) => ({ _id: `id${at}`, n: at === 1 ? n : 0, pad: PAD }));
}

function good(value: JsonValue, more: Partial<GoodResult> = {}): GoodResult {
  return { ok: true, value: JSON.stringify(value), logLines: [], journal: null, ...more };
}

test("a difference is computed once, whoever and however many hold the two values", () => {
  const table = new DeltaTable(BUDGET);
  const sockets = Array.from({ length: 100 }, () => new SocketDeltas(table));
  // Results come from another thread: equal ones need not be one object.
  for (const [at, socket] of sockets.entries()) expect(socket.modification(at, good(rows(9, 1)))).toBeUndefined();
  for (const [at, socket] of sockets.entries()) {
    const text = `{"type":"QueryDelta","queryId":${at},"delta":{"l":[1,{"f":["n",[2]]},7]}}`;
    expect(socket.modification(at, good(rows(9, 2)))).toBe(text);
  }
  expect(table.counters).toMatchObject({ values: 1, computed: 1, parsedWhole: 1 });
  // From then on the former value is at hand.
  for (const [at, socket] of sockets.entries()) socket.modification(at, good(rows(9, 3)));
  expect(table.counters).toMatchObject({ values: 1, computed: 2, parsedWhole: 1 });
  for (const socket of sockets) socket.close();
  expect(table.counters).toMatchObject({ values: 0, bytes: 0 });
});

const failed: RunResult = { ok: false, errorMessage: "no", errorData: null, logLines: [], journal: null };

test.each<{ name: string; before: RunResult | undefined; after: RunResult | undefined; text: string | undefined }>([
  { name: "the first value", before: undefined, after: good(rows(2, 1)), text: undefined },
  { name: "a failure", before: good(rows(2, 1)), after: failed, text: undefined },
  { name: "a value after a failure", before: failed, after: good(rows(2, 1)), text: undefined },
  { name: "a removed query", before: good(rows(2, 1)), after: undefined, text: undefined },
  { name: "a value that is shorter than its difference", before: good(rows(2, 1)), after: good([]), text: undefined },
  { name: "only log lines", before: good(1), after: good(1, { logLines: ["a"] }), text: '"delta":0,"logLines":["a"]' },
  { name: "only the journal", before: good(1), after: good(1, { journal: "j" }), text: '"delta":0,"journal":"j"' },
  { name: "a journal gone", before: good(1, { journal: "j" }), after: good(1), text: '"delta":0,"journal":null' },
  { name: "the same journal", before: good(1, { journal: "j" }), after: good(1, { journal: "j" }), text: '"delta":0' },
])("what is said of $name", ({ before, after, text }) => {
  const deltas = new SocketDeltas(new DeltaTable(BUDGET));
  deltas.modification(7, before);
  expect(deltas.modification(7, after)).toBe(text && `{"type":"QueryDelta","queryId":7,${text}}`);
});

test("values and what is parsed of them stay under the budget", () => {
  const size = good(rows(9, 1)).value.length;
  const table = new DeltaTable(size * 7);
  const sockets = Array.from({ length: 12 }, () => new SocketDeltas(table));
  for (let n = 2; n < 6; n++) {
    for (const [at, socket] of sockets.entries()) {
      const text = socket.modification(1, good(rows(9, n * 100 + at)));
      // Told by its difference or whole: which of the two depends on the room, the answer does not.
      if (text !== undefined) expect(text).toContain(`{"l":[1,{"f":["n",[${n * 100 + at}]]},7]}`);
      expect(table.counters.bytes).toBeLessThanOrEqual(size * 7);
    }
  }
  expect(table.counters.values).toBeGreaterThan(0);
  for (const socket of sockets) socket.close();
  expect(table.counters.bytes).toBe(0);
});

test.each([
  ["/api/1.48.0/sync", false],
  ["/api/1.48.0/sync?deltas=1", true],
  ["/api/sync?a=b&deltas=1", true],
  ["/api/sync?deltas=2", false],
  ["/api/sync?nodeltas=1", false],
])("%s asks for deltas: %s", (url, asks) => {
  expect(asksForDeltas(url)).toBe(asks);
});

test("a session with deltas tells in few bytes what a plain one tells whole", async () => {
  const deployment = await openDeployment();
  const table = new DeltaTable(BUDGET);
  const plain = new SessionDriver(deployment);
  const lean = new SessionDriver(deployment, { deltas: table });
  for (const driver of [plain, lean]) {
    driver.connect();
    driver.subscribe(["list", { tag: "a" }], ["text", { tag: "a" }]);
    await driver.first("Transition");
  }
  plain.mutate(1, "setText", { tag: "a", unit: "word ", times: 1_000 });
  const listOf = (driver: SessionDriver): string => JSON.stringify(valuesOf(driver).get(1) ?? null);
  const add = (n: number): void => plain.mutate(n + 2, "add", { tag: "a", n });
  for (let n = 0; n < 20; n++) add(n);
  // Told all at once, the value would be shorter than its difference.
  await lean.until(() => listOf(lean).endsWith(",19]"));
  for (let n = 20; n < 30; n++) add(n);
  const all = JSON.stringify(Array.from({ length: 30 }, (_, n) => n));
  await plain.until(() => listOf(plain) === all);
  await lean.until(() => listOf(lean) === all);
  expect(valuesOf(lean)).toEqual(valuesOf(plain));
  expect(valuesOf(lean).get(2)).toBe("word ".repeat(1_000));
  expect(plain.frames.join("")).not.toMatch(/QueryDelta|DeltasOn/);
  expect(lean.frames.join("")).toContain("QueryDelta");
  lean.session.closed();
  expect(table.counters.values).toBe(0);
  await deployment.close();
});

/** What a client that reads deltas has. */
function valuesOf(driver: SessionDriver): Map<number, JsonValue> {
  const values = new Map<number, JsonValue>();
  for (const { modifications } of driver.transitions) {
    for (const change of modifications as readonly {
      type: string;
      queryId: number;
      value?: JsonValue;
      delta?: JsonValue;
    }[]) {
      if (change.delta !== undefined)
        values.set(change.queryId, applyDelta(values.get(change.queryId) ?? null, change.delta));
      else values.set(change.queryId, change.value ?? null);
    }
  }
  return values;
}
