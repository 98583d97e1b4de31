/**
 * From a record of a log to the commit that it is: the same that its writer told its observers.
 *
 * @module
 */
import { valuesEqual, type Doc } from "@narrowcast/values";
import { decodeRecord, type StoredRecord } from "../engine/record-codec.ts";
import type { Engine } from "../engine/types.ts";
import { RowChange } from "./change.ts";
import type { DatabaseState } from "./database-state.ts";
import { indexMoves } from "./index-keys.ts";
import type { Commit, DocumentChange } from "./types.ts";

type CommitRecord = Extract<StoredRecord, { kind: "commit" }>;

/** What a commit's record says besides rows. */
interface CommitNote {
  readonly source: string;
  readonly names: readonly string[];
}

/** A note as the engine keeps it. */
export function noteText(note: CommitNote): string {
  return JSON.stringify(note);
}

/** Lays a record over `engine` and `state`. Gives the commit; `undefined` for a record that is none. */
export function commitOfRecord(payload: Uint8Array, engine: Engine<Doc>, state: DatabaseState): Commit | undefined {
  const record = decodeRecord(payload);
  if (record.kind !== "commit") {
    engine.apply(payload);
    return undefined;
  }
  const before = rowsBefore(record, engine);
  engine.apply(payload);
  for (const [id, { collection, row }] of before) state.fold(collection, row, engine.get(collection, id));
  const { source, names } = JSON.parse(record.note) as CommitNote;
  return { ts: record.ts, changes: changesOf(before, engine, state), names, source };
}

type RowsBefore = ReadonlyMap<string, { readonly collection: number; readonly row: Doc | undefined }>;

/** What the rows of a commit were, in the order of first writes. */
function rowsBefore({ writes }: CommitRecord, engine: Engine<Doc>): RowsBefore {
  const rows = new Map<string, { readonly collection: number; readonly row: Doc | undefined }>();
  for (const { collection, key } of writes) {
    if (!rows.has(key)) rows.set(key, { collection, row: engine.get(collection, key) });
  }
  return rows;
}

function changesOf(rows: RowsBefore, engine: Engine<Doc>, { catalogue }: DatabaseState): readonly DocumentChange[] {
  const changes: DocumentChange[] = [];
  for (const [id, { collection, row: before }] of rows) {
    const after = engine.get(collection, id);
    if (before === after || (before !== undefined && after !== undefined && valuesEqual(before, after))) continue;
    const table = catalogue.byNumber(collection);
    if (table === undefined) throw new Error(`Cannot follow commit: table number ${collection} is not known`);
    const moves = indexMoves(table.indexes, before, after);
    changes.push(new RowChange({ table: table.name, collection, id, before, after, moves }));
  }
  return changes;
}
