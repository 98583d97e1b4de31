import { expect, test } from "vitest";
import { openTestDatabase, plan, pluck, read, schemaOf, write } from "./testing/database.ts";
import type { PageRequest } from "./types.ts";
import type { QueryPlan } from "./query-plan.ts";

function open(rows = 10) {
  const opened = openTestDatabase();
  opened.database.setSchema(schemaOf({ t: { indexes: { by_n: ["n"] } } }));
  write(opened.database, (tx) => Array.from({ length: rows }, (_, n) => tx.insert("t", { n })));
  const page = (request: Partial<PageRequest>, wanted: QueryPlan = BY_N, database = opened.database) =>
    read(database, (tx) => tx.paginate(wanted, { numItems: 3, cursor: null, ...request }));
  return { ...opened, page };
}

const BY_N = plan("t", { index: "by_n" });

test.each([0, -1, 1.5, NaN])("numItems %s is refused", (numItems) => {
  expect(() => open().page({ numItems })).toThrowError(/`options.numItems` must be a positive number/);
});

test("a full page is not done, even when nothing follows; the next one is empty and done", () => {
  const { page } = open(3);
  const first = page({});
  expect([pluck(first.page, "n"), first.isDone]).toEqual([[0, 1, 2], false]);
  const second = page({ cursor: first.continueCursor });
  expect([second.page, second.isDone]).toEqual([[], true]);
  expect(page({ cursor: second.continueCursor })).toMatchObject({ page: [], isDone: true });
});

test.each([
  ["no cursor at all", () => "nonsense"],
  ["an empty text", () => ""],
  ["a changed letter", (cursor: string) => (cursor.startsWith("A") ? "B" : "A") + cursor.slice(1)],
  ["a cut text", (cursor: string) => cursor.slice(0, -3)],
])("a cursor that is %s is an InvalidCursor error", (_name, change) => {
  const { page } = open();
  const { continueCursor } = page({});
  const act = (request: Partial<PageRequest>) => () => page(request);
  const error = expect.objectContaining({
    code: "InvalidCursor",
    message: expect.stringContaining("InvalidCursor") as string,
  });
  expect(act({ cursor: change(continueCursor) })).toThrowError(error);
  expect(act({ cursor: null, endCursor: change(continueCursor) })).toThrowError(error);
});

test.each<[string, QueryPlan]>([
  ["index", plan("t")],
  ["order", { ...BY_N, order: "desc" }],
  ["range", { ...BY_N, range: [{ type: "gt", fieldPath: "n", value: 0 }] }],
  ["operators", { ...BY_N, operators: [{ filter: { op: "literal", value: true } }] }],
  ["table", { ...BY_N, table: "u", index: "by_creation_time" }],
])("a cursor of a query with another %s is an InvalidCursor error", (_name, other) => {
  const { page } = open();
  const { continueCursor } = page({});
  expect(() => page({ cursor: continueCursor }, other)).toThrowError(/InvalidCursor/);
});

test("a cursor of another store is an InvalidCursor error; one from before a restart is good", () => {
  const first = open();
  const { continueCursor } = first.page({});
  const other = openTestDatabase({ seed: 77 });
  other.database.setSchema(schemaOf({ t: { indexes: { by_n: ["n"] } } }));
  expect(() => first.page({ cursor: continueCursor }, BY_N, other.database)).toThrowError(/InvalidCursor/);
  expect(pluck(first.page({ cursor: continueCursor }, BY_N, first.reopen().database).page, "n")).toEqual([3, 4, 5]);
});

test("equal positions have equal cursors, and cursors do not show field values", () => {
  const { page, database } = open();
  write(database, (tx) => tx.insert("t", { n: "confidential" }));
  expect(page({ numItems: 3 }).continueCursor).toBe(page({ numItems: 3 }).continueCursor);
  const all = page({ numItems: 11 });
  expect(Buffer.from(all.continueCursor, "base64url").toString("latin1")).not.toContain("confidential");
});

test("splitCursor lies in the middle, and both halves give the page", () => {
  const { page } = open();
  const whole = page({ numItems: 7 });
  const halves = [
    page({ cursor: null, endCursor: whole.splitCursor }),
    page({ cursor: whole.splitCursor, endCursor: whole.continueCursor }),
  ];
  expect(halves.map((half) => half.page.length)).toEqual([4, 3]);
  expect(halves.flatMap((half) => half.page)).toEqual(whole.page);
  expect(page({ numItems: 2 }).splitCursor).toBe(null);
  expect(page({ numItems: 3 }).splitCursor).not.toBe(null);
});

test("maximumRowsRead ends a page early and asks for a split; filtered rows count", () => {
  const { page } = open();
  const odd = {
    ...BY_N,
    operators: [{ filter: { op: "gt", left: { op: "field", path: ["n"] }, right: { op: "literal", value: 5 } } }],
  } as const;
  const first = page({ maximumRowsRead: 4 }, odd);
  expect([first.page, first.isDone, first.pageStatus]).toEqual([[], false, "SplitRequired"]);
  const second = page({ cursor: first.continueCursor, maximumRowsRead: 4 }, odd);
  expect(pluck(second.page, "n")).toEqual([6, 7]);
});

test.each([
  ["numItems", { numItems: 3 }],
  ["maximumRowsRead", { numItems: 3, maximumRowsRead: 3 }],
  ["maximumBytesRead", { numItems: 3, maximumBytesRead: 1 }],
])("a page whose end is given has all its rows, whatever %s says, and asks for a split", (_name, request) => {
  const { page } = open();
  const endCursor = page({ numItems: 8 }).continueCursor;
  const pinned = page({ ...request, endCursor });
  expect(pluck(pinned.page, "n")).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(pinned).toMatchObject({ continueCursor: endCursor, isDone: false });
  expect(pinned.splitCursor).not.toBe(null);
  expect(pinned.pageStatus).toBe(
    "maximumRowsRead" in request || "maximumBytesRead" in request ? "SplitRecommended" : null,
  );
});

test.each([0, -1, 1.5, NaN])("maximumRowsRead and maximumBytesRead of %s are refused", (maximum) => {
  const { page } = open();
  for (const name of ["maximumRowsRead", "maximumBytesRead"]) {
    const message = `\`options.${name}\` must be a positive number. Received \`${maximum}\`.`;
    expect(() => page({ [name]: maximum })).toThrowError(message);
  }
});

test("after a page was refused, for its cursor or size, another may be asked for; after one was read, none", () => {
  const { database, page } = open();
  const stale = page({}, { ...BY_N, order: "desc" }).continueCursor;
  const tx = database.begin({ readOnly: true });
  const ask = (request: Partial<PageRequest>) => tx.paginate(BY_N, { numItems: 3, cursor: null, ...request });
  expect(() => ask({ cursor: stale })).toThrowError(/InvalidCursor/);
  expect(() => ask({ endCursor: "nonsense" })).toThrowError(/InvalidCursor/);
  expect(() => ask({ numItems: 0 })).toThrowError(/numItems/);
  expect(() => tx.paginate({ ...BY_N, index: "by_x" }, { numItems: 3, cursor: null })).toThrowError(/not found/);
  expect(pluck(ask({}).page, "n")).toEqual([0, 1, 2]);
  expect(() => ask({})).toThrowError(/multiple paginated queries/);
});

test("a cursor into a table that was missing goes on being good when the table is there", () => {
  const { database, page } = open();
  for (const index of ["by_id", "by_creation_time"]) {
    const wanted = plan(`late_${index}`, { index });
    const { continueCursor, isDone } = page({}, wanted);
    expect(isDone).toBe(true);
    write(database, (tx) => tx.insert(wanted.table, { n: 7 }));
    expect(pluck(page({ endCursor: continueCursor }, wanted).page, "n")).toEqual([7]);
  }
});

test("maximumBytesRead ends a page early", () => {
  const { page } = open();
  const { page: rows, pageStatus } = page({ numItems: 9, maximumBytesRead: 100 });
  expect(rows.length).toBeLessThan(9);
  expect(rows.length).toBeGreaterThan(0);
  expect(pageStatus).toBe("SplitRequired");
});

test("a page near its maximum is recommended for a split, a small one not", () => {
  const { page } = open();
  expect(page({ numItems: 6, maximumRowsRead: 8 }).pageStatus).toBe(null);
  expect(page({ numItems: 7, maximumRowsRead: 8 }).pageStatus).toBe("SplitRecommended");
});

test("the read set of a page is (cursor, end]", () => {
  const { database, page } = open();
  const first = page({});
  const tx = database.begin({ readOnly: true });
  const second = tx.paginate(BY_N, { numItems: 3, cursor: first.continueCursor });
  const touched = (n: number) => {
    const writer = database.begin({ readOnly: false });
    writer.insert("t", { n });
    const commit = writer.commit("test:insert");
    return commit !== undefined && tx.readSet.touchedBy(commit);
  };
  expect(pluck(second.page, "n")).toEqual([3, 4, 5]);
  expect([1.5, 2.5, 4.5, 5.5].map(touched)).toEqual([false, true, true, false]);
});
