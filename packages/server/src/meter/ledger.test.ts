import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ACCOUNT_FIELDS, addAccount, newAccount, type Account } from "./account.ts";
import { KeyTable, weightOf } from "./key-table.ts";
import { Ledger } from "./ledger.ts";
import { CONVEX_PRICES, moneyOf } from "./prices.ts";
import type { CommitCause, MeterRequest, RunRecord, RunUsage } from "./record.ts";
import { reportOf } from "./report.ts";
import { causePathText } from "./cause-path.ts";

const CAUSE: CommitCause = {
  writer: "jobs:tick",
  table: "jobs",
  index: "by_group",
  change: "update",
  fields: ["progress"],
  causePath: "jobs.by_group [progress]",
};

function request(path: string, args = ""): MeterRequest {
  return { path, key: `${path} ${args}`, label: `${path} ${args}` };
}

function usage(parts: Partial<RunUsage> = {}): RunUsage {
  return {
    documents: 1,
    bytes: 100,
    convexDocuments: 10,
    convexBytes: 1_000,
    convexKeyBytes: 200,
    documentsWritten: 0,
    bytesWritten: 0,
    unchangedWrites: 0,
    tables: [
      {
        table: "jobs",
        documents: 1,
        bytes: 100,
        convexDocuments: 10,
        convexBytes: 1_000,
        documentsWritten: 0,
        bytesWritten: 0,
      },
    ],
    ...parts,
  };
}

function run(parts: Partial<RunRecord> = {}): RunRecord {
  return {
    atMs: 0,
    request: request("jobs:list"),
    kind: "query",
    caller: "Subscription",
    cause: null,
    causeTs: 0,
    isSubscribed: true,
    isFirst: false,
    isUnchanged: false,
    askers: 1,
    usage: usage(),
    resultBytes: 50,
    userMs: 2,
    isError: false,
    ...parts,
  };
}

/** The fields that are not zero. */
function figures(account: Readonly<Account>): object {
  return Object.fromEntries(
    ACCOUNT_FIELDS.filter((field) => account[field] !== 0).map((field) => [field, account[field]]),
  );
}

const READS = { documents: 1, bytes: 100, keyBytes: 20, convexDocuments: 10, convexBytes: 1_000, convexKeyBytes: 200 };

test.each<[string, (ledger: Ledger) => void, object]>([
  [
    "a first run counts in full and is shown apart",
    (ledger) => ledger.ran(run({ isFirst: true, askers: 3 })),
    {
      runs: 1,
      firstRuns: 1,
      calls: 3,
      convexCalls: 3,
      ...READS,
      firstDocuments: 1,
      firstBytes: 100,
      convexFirstDocuments: 10,
      convexFirstBytes: 1_000,
      resultBytes: 50,
      userMs: 2,
    },
  ],
  [
    "a repeated run is one call here and one for each subscriber by Convex's rules",
    (ledger) => ledger.ran(run({ cause: CAUSE, askers: 3, isUnchanged: true })),
    { runs: 1, reruns: 1, resultCutOffs: 1, calls: 1, convexCalls: 3, ...READS, resultBytes: 50, userMs: 2 },
  ],
  [
    "an answer without a run is a call that reads nothing",
    (ledger) => ledger.answered(request("jobs:list"), true),
    { answers: 1, calls: 1, convexCalls: 1 },
  ],
  [
    "a run that was spared costs nothing here and all of it by Convex's rules",
    (ledger) => ledger.cutOff({ request: request("jobs:list"), cause: CAUSE, by: "field", askers: 2, usage: usage() }),
    { fieldCutOffs: 1, convexCalls: 2, convexDocuments: 10, convexBytes: 1_000, convexKeyBytes: 200 },
  ],
  [
    "bytes sent, against whole values",
    (ledger) => ledger.sent({ request: request("jobs:list"), bytes: 30, convexBytes: 900, sends: 2 }),
    { bytesSent: 30, convexBytesSent: 900, sends: 2 },
  ],
  [
    "a mutation with a write that changed nothing, and its index entries",
    (ledger) => {
      const writes = usage({ documents: 10, bytes: 1_000, documentsWritten: 1, bytesWritten: 70, unchangedWrites: 2 });
      ledger.ran(run({ kind: "mutation", usage: writes, resultBytes: 0, userMs: 0 }));
      ledger.committed("jobs:list", "jobs", 40);
    },
    {
      runs: 1,
      calls: 1,
      convexCalls: 1,
      writeCutOffs: 2,
      ...READS,
      documents: 10,
      bytes: 1_000,
      keyBytes: 200,
      documentsWritten: 1,
      bytesWritten: 70,
      keyBytesWritten: 40,
    },
  ],
])("%s", (_name, feed, expected) => {
  const ledger = new Ledger(0);
  feed(ledger);
  expect(figures(ledger.totals)).toEqual(expected);
  expect(figures(ledger.functions.find("jobs:list")?.account ?? newAccount())).toEqual(expected);
});

test("a pair says who woke whom, through what and how often", () => {
  const ledger = new Ledger(0);
  const other = { ...CAUSE, change: "insert" as const, fields: [], causePath: "jobs.by_group (insert)" };
  for (const cause of [CAUSE, CAUSE, other]) ledger.ran(run({ cause }));
  ledger.cutOff({ request: request("jobs:list"), cause: CAUSE, by: "node", askers: 1, usage: usage() });
  const [pair] = reportOf(ledger, 0).pairs.rows;
  expect(pair?.name).toBe("jobs:tick → jobs:list");
  expect(pair?.causePaths).toEqual({ "jobs.by_group [progress]": 3, "jobs.by_group (insert)": 1 });
  expect(pair?.account).toMatchObject({ reruns: 3, nodeCutOffs: 1, documents: 3, convexDocuments: 40 });
  expect(ledger.tables.find("jobs")?.account).toMatchObject({ reruns: 3, nodeCutOffs: 1, convexDocuments: 40 });
});

test("cause paths are cut to a few fields, and other than documents have a name", () => {
  const fields = ["a", "b", "c", "d", "e", "f", "g"];
  expect(causePathText("jobs", "by_group", "update", fields)).toBe("jobs.by_group [a, b, c, d, e, f, …]");
  expect(causePathText(null, "by_id", "name", ["env:KEY"])).toBe("env:KEY");
  expect(causePathText(null, "by_id", "name", [])).toBe("code");
});

/** One event of a random history. */
const event = fc.record({
  kind: fc.constantFrom("first", "again", "answer", "cutOff", "sent", "mutation"),
  reader: fc.nat(40),
  args: fc.nat(10),
  writer: fc.nat(20),
  table: fc.nat(30),
  size: fc.nat(10_000),
  askers: fc.integer({ min: 1, max: 5 }),
});

type Event = typeof event extends fc.Arbitrary<infer T> ? T : never;

/** @param asked Requests that are asked again as the same object, as subscriptions are. */
function feed(ledger: Ledger, events: readonly Event[], asked: Map<string, MeterRequest>): void {
  for (const { kind, reader, args, writer, table, size, askers } of events) {
    const name = `${reader} ${args}`;
    const about = asked.get(name) ?? request(`r:${reader}`, String(args));
    asked.set(name, about);
    const cause = { ...CAUSE, writer: `w:${writer}`, causePath: `f${size % 20}` };
    const reads = {
      table: `t${table}`,
      documents: 1,
      bytes: size,
      convexDocuments: 2,
      convexBytes: 2 * size,
      documentsWritten: 1,
      bytesWritten: size,
    };
    const spent = usage({ bytes: size, convexBytes: 2 * size, tables: [reads] });
    if (kind === "first") ledger.ran(run({ request: about, isFirst: true, askers, usage: spent }));
    if (kind === "again") ledger.ran(run({ request: about, cause, askers, usage: spent }));
    if (kind === "mutation") ledger.ran(run({ request: about, kind: "mutation", isSubscribed: false, usage: spent }));
    if (kind === "answer") ledger.answered(about, size % 2 === 0);
    if (kind === "cutOff") ledger.cutOff({ request: about, cause, by: "node", askers, usage: spent });
    if (kind === "sent") ledger.sent({ request: about, bytes: size, convexBytes: size, sends: 1 });
  }
}

function sumOf(table: {
  readonly rows: readonly { readonly account: Readonly<Account> }[];
  readonly others: Readonly<Account>;
}) {
  const sum = newAccount();
  for (const { account } of table.rows) addAccount(sum, account);
  addAccount(sum, table.others);
  return sum;
}

const SMALL = { functionsMax: 4, requestsMax: 5, pairsMax: 3, tablesMax: 2, recentMax: 7 };

test("law: whatever is moved out, lines and others are the totals, and equal a ledger that moves nothing", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 300 }), fc.integer({ min: 0, max: 5 }), (events, rowsMax) => {
      const [small, large] = [new Ledger(0, SMALL), new Ledger(0)];
      // Ledgers that share requests must not take each other's lines for theirs.
      const asked = new Map<string, MeterRequest>();
      for (let from = 0; from < events.length; from += 50) {
        for (const ledger of [small, large]) feed(ledger, events.slice(from, from + 50), asked);
      }
      expect(small.totals).toEqual(large.totals);
      const [bounded, whole] = [reportOf(small, 0, { rowsMax }), reportOf(large, 0)];
      expect(sumOf(bounded.functions)).toEqual(small.totals);
      expect(sumOf(bounded.subscriptions)).toEqual(small.totals);
      expect(sumOf(bounded.pairs)).toEqual(sumOf(whole.pairs));
      expect(sumOf(bounded.tables)).toEqual(sumOf(whole.tables));
    }),
  );
});

test.each([{}, { functionsMax: 2 }, { requestsMax: 2 }, { pairsMax: 2 }, { tablesMax: 2 }])(
  "a request that is asked again as the same object is charged to the lines that it has now, with %o",
  (limits) => {
    const ledger = new Ledger(0, limits);
    const mine = request("mine");
    const heavy = usage({ convexBytes: 1e6 });
    for (let n = 0; n < 20; n += 1) {
      ledger.ran(run({ request: mine, cause: { ...CAUSE, writer: n % 4 < 2 ? "a" : "b" } }));
      const cause = { ...CAUSE, writer: `w${n}` };
      ledger.ran(run({ request: request(`other${n}`), cause, usage: heavy }));
    }
    const { functions, subscriptions, pairs } = reportOf(ledger, 0);
    expect([functions, subscriptions, pairs].map((table) => sumOf(table).runs)).toEqual([40, 40, 40]);
    if (limits.pairsMax !== undefined) return;
    const wakers = pairs.rows.filter(({ name }) => name.endsWith(" → mine"));
    expect(wakers.map(({ name, account }) => [name, account.runs])).toEqual([
      ["a → mine", 10],
      ["b → mine", 10],
    ]);
  },
);

test("law: a key's true weight is at most its uncertainty above its line, and what weighs more than the floor has one", () => {
  const charges = fc.array(fc.record({ key: fc.nat(30), bytes: fc.nat(5_000) }), { maxLength: 400 });
  fc.assert(
    fc.property(charges, (list) => {
      const table = new KeyTable<null>(8);
      const truth = new Map<string, number>();
      for (const { key, bytes } of list) {
        const text = String(key);
        table.row(text, null).account.bytes += bytes;
        truth.set(text, (truth.get(text) ?? 0) + bytes);
      }
      for (const [key, weight] of truth) {
        const row = table.find(key);
        if (row === undefined) {
          expect(weight).toBeLessThanOrEqual(table.floor);
          continue;
        }
        expect(weightOf(row.account)).toBeLessThanOrEqual(weight);
        expect(weightOf(row.account) + row.uncertainty).toBeGreaterThanOrEqual(weight);
      }
    }),
  );
});

test("memory is constant: entries stay the same between the thousandth and the twenty-thousandth event", () => {
  const ledger = new Ledger(0, SMALL);
  const entriesAfter = (from: number, to: number): number => {
    for (let n = from; n < to; n += 1) {
      const cause = { ...CAUSE, writer: `w${n % 97}`, causePath: `f${n}` };
      ledger.ran(run({ request: request(`r${n % 89}`, String(n)), cause, usage: usage() }));
    }
    return ledger.entries;
  };
  const causePathsMax = 8;
  const pairKeys = 3;
  const bound = 4 + 5 + 3 * (1 + causePathsMax) + pairKeys + 2 + 7;
  expect(entriesAfter(0, 1_000)).toBeLessThanOrEqual(bound);
  expect(entriesAfter(1_000, 20_000)).toBeLessThanOrEqual(bound);
});

test("the ring gives the last runs, oldest first", () => {
  const ledger = new Ledger(0, { recentMax: 3 });
  for (let atMs = 1; atMs <= 5; atMs += 1) ledger.ran(run({ atMs }));
  expect(ledger.recent().map(({ atMs }) => atMs)).toEqual([3, 4, 5]);
  expect(reportOf(ledger, 0, { recentMax: 2 }).recent.map(({ atMs }) => atMs)).toEqual([4, 5]);
});

test("money: bytes read, written and sent, index entries and calls, by the price list", () => {
  const account = {
    ...newAccount(),
    convexBytes: 9e8,
    convexKeyBytes: 1e8,
    convexCalls: 2e6,
    convexBytesSent: 1e9,
    bytes: 5e7,
    keyBytes: 5e7,
    bytesWritten: 5e8,
    keyBytesWritten: 5e8,
  };
  const { convex, narrow } = moneyOf(account, CONVEX_PRICES.low);
  expect(convex).toBeCloseTo(2 * 0.15 + 2 * 2 + 0.12);
  expect(narrow).toBeCloseTo(1.1 * 0.15);
  expect(moneyOf(account, CONVEX_PRICES.high).convex).toBeCloseTo(2 * 0.22 + 2 * 2.2 + 0.12);
});
