import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeDocument, encodeDocument } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { expect, test } from "vitest";
import { checkEngine } from "../engine/check.ts";
import { openDiskEngine } from "../engine/open-disk-engine.ts";
import { checkDatabase, entryExpectations } from "./check.ts";
import { collect, openTestDatabase, plan, read, schemaOf, write } from "./testing/database.ts";

test("a database on disk is the same after closing and opening: documents, indexes, schema, cursors", async () => {
  const directory = mkdtempSync(join(tmpdir(), "narrowcast-tx-"));
  const openEngine = () =>
    openDiskEngine<Doc>({
      directory,
      codec: { encode: encodeDocument, decode: decodeDocument },
      memoryBytes: 1_000_000,
    });
  try {
    const engine = openEngine();
    const { database } = openTestDatabase({ engine });
    const ids = write(database, (tx) => [5, 3, 9, 1].map((n) => tx.insert("t", { n, o: { x: [1n, -0, "é"] } })));
    const schema = schemaOf({ t: { indexes: { by_n: ["n"], by_x: ["o.x"] } } });
    database.setSchema(schema);
    const tx = database.begin({ readOnly: false });
    const savepoint = tx.savepoint();
    tx.insert("never", {});
    tx.rollbackTo(savepoint);
    tx.patch(ids[0] ?? "", { n: 2 });
    tx.delete(ids[2] ?? "");
    tx.commit("test:disk");
    const byN = plan("t", { index: "by_n" });
    const before = read(database, (reader) => collect(reader.query(byN)));
    const page = read(database, (reader) => reader.paginate(byN, { numItems: 1, cursor: null }));
    await engine.flush();
    const { head } = database;
    await engine.close();

    const again = openEngine();
    const { database: reopened } = openTestDatabase({ engine: again, seed: 5 });
    expect([reopened.head, reopened.schema]).toEqual([head, schema]);
    expect(before.map((row) => row["n"])).toEqual([1, 2, 3]);
    read(reopened, (reader) => {
      expect(collect(reader.query(byN))).toEqual(before);
      expect(reader.paginate(byN, { numItems: 5, cursor: page.continueCursor }).page).toEqual(before.slice(1));
      expect(reader.count("t")).toBe(3);
    });
    write(reopened, (writer) => writer.insert("t", { n: 0 }));
    expect(checkDatabase(reopened)).toEqual([]);
    expect(checkEngine(again, entryExpectations(again))).toEqual([]);
    await again.close();
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
