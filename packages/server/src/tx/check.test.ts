import type { Doc } from "@narrowcast/values";
import { encodeId } from "@narrowcast/values";
import { expect, test } from "vitest";
import type { Engine } from "../engine/types.ts";
import { BY_CREATION_TIME } from "./catalogue.ts";
import { checkDatabase, entryExpectations } from "./check.ts";
import { keySuffix } from "./index-keys.ts";
import { openTestDatabase, read, schemaOf, write } from "./testing/database.ts";

function open() {
  const opened = openTestDatabase();
  opened.database.setSchema(schemaOf({ t: { indexes: { by_n: ["n"] } } }));
  const id = write(opened.database, (tx) => tx.insert("t", { n: 1 }));
  const doc = read(opened.database, (tx) => tx.get(id)) as Doc;
  return { ...opened, id, doc, table: 10_001 };
}

type Opened = ReturnType<typeof open>;

test.each<[string, RegExp, (engine: Engine<Doc>, opened: Opened) => void]>([
  [
    "a row without its index entries",
    /Index t\.by_creation_time has 1 entries; should be 2/,
    (engine, { table, doc }) => {
      const key = encodeId(table, new Uint8Array(16));
      engine.put({ collection: table, key, value: { ...doc, _id: key }, moves: [] });
    },
  ],
  [
    "a row that changed behind its index",
    /Index t\.by_n has an entry for ".*" at a place that is not its own/,
    (engine, { table, id, doc }) => engine.put({ collection: table, key: id, value: { ...doc, n: 2 }, moves: [] }),
  ],
  [
    "an entry too many",
    /Index t\.by_creation_time has 2 entries; should be 1/,
    (engine, { table, id, doc }) =>
      engine.put({ collection: table, key: id, value: doc, moves: [{ index: BY_CREATION_TIME, add: "\x04" }] }),
  ],
  [
    "a row under another id",
    /has the `_id` "x"/,
    (engine, { table, id, doc }) => engine.put({ collection: table, key: id, value: { ...doc, _id: "x" }, moves: [] }),
  ],
  [
    "a key that is no id",
    /is stored under a key that is not an id/,
    (engine, { table, doc }) => engine.put({ collection: table, key: "k", value: { ...doc, _id: "k" }, moves: [] }),
  ],
])("check reports %s", (_name, message, damage) => {
  const opened = open();
  expect(checkDatabase(opened.database)).toEqual([]);
  damage(opened.engine, opened);
  expect(checkDatabase(opened.database).join("\n")).toMatch(message);
});

test("check reports a document that does not match the schema", () => {
  const { database, engine, doc, table } = open();
  const documentType = { type: "object", value: { n: { fieldType: { type: "number" }, optional: false } } };
  database.setSchema(schemaOf({ t: { indexes: { by_n: ["n"] }, documentType } }));
  engine.put({ collection: table, key: doc._id, value: { ...doc, extra: 1 }, moves: [] });
  expect(checkDatabase(database).join("\n")).toMatch(/does not match the schema: Object contains extra field/);
});

test("expected entries of a row are those of complete indexes", () => {
  const { database, engine, doc, table } = open();
  database.planSchema(schemaOf({ t: { indexes: { by_n: ["n"], by_m: ["m"] } } }));
  const entries = entryExpectations(engine)(table, doc, doc._id);
  expect(entries?.map(({ index }) => index)).toEqual([1, 2]);
  expect(entries?.[0]?.indexKey).toBe(keySuffix(doc));
  expect(entryExpectations(engine)(99_999, doc, doc._id)).toBe(undefined);
});
