import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CommitWriter, decodeRecord, encodeDropCollection, encodeDropIndex, encodeFill } from "./record-codec.ts";
import type { StoredWrite } from "./record-codec.ts";

const key = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 300 })
  .map((codes) => String.fromCharCode(...codes));
const number = fc.oneof(fc.nat({ max: 300 }), fc.constantFrom(127, 128, 16383, 16384, 4294967295));
const move = fc.record({
  index: number,
  remove: fc.option(key, { nil: undefined }),
  add: fc.option(key, { nil: undefined }),
});
const write: fc.Arbitrary<StoredWrite> = fc.record({
  collection: number,
  key,
  bytes: fc.option(fc.uint8Array({ maxLength: 6000 }), { nil: undefined }),
  lengthBefore: fc.oneof(fc.constant(-1), number),
  moves: fc.array(move, { maxLength: 4 }),
});

function plain(write: StoredWrite): StoredWrite {
  return { ...write, bytes: write.bytes === undefined ? undefined : Uint8Array.from(write.bytes) };
}

test("a commit comes back as it was written, without the writes that were taken back", () => {
  const writer = new CommitWriter();
  const step = fc.record({ write, isKept: fc.boolean() });
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 12 }),
      fc.integer({ min: 1, max: 2 ** 52 }),
      fc.string(),
      (steps, ts, note) => {
        for (const { write, isKept } of steps) {
          const { length } = writer;
          writer.add(write);
          if (!isKept) writer.dropLast(length);
        }
        const record = decodeRecord(writer.seal(ts, note));
        if (record.kind !== "commit") throw new Error("not a commit");
        const kept = steps.filter(({ isKept }) => isKept).map(({ write }) => plain(write));
        expect({ ...record, writes: record.writes.map(plain) }).toEqual({
          kind: "commit",
          ts,
          note: Buffer.from(note).toString(),
          writes: kept,
        });
      },
    ),
    { numRuns: 100 },
  );
});

test("fills and drops come back as they were written", () => {
  const entries = [
    { indexKey: "\u0000a", key: "k" },
    { indexKey: "", key: "" },
  ];
  expect(decodeRecord(encodeFill(7, 300, entries))).toEqual({ kind: "fill", collection: 7, index: 300, entries });
  expect(decodeRecord(encodeDropIndex(1, 2))).toEqual({ kind: "dropIndex", collection: 1, index: 2 });
  expect(decodeRecord(encodeDropCollection(4294967295))).toEqual({ kind: "dropCollection", collection: 4294967295 });
});

test("the format is frozen", () => {
  const writer = new CommitWriter();
  writer.add({
    collection: 300,
    key: "ab",
    bytes: Buffer.from("xyz"),
    lengthBefore: -1,
    moves: [{ index: 1, add: "i" }],
  });
  writer.add({
    collection: 1,
    key: "\u00ff",
    bytes: undefined,
    lengthBefore: 5,
    moves: [{ index: 2, remove: "j", add: "k" }],
  });
  expect(writer.seal(3, "note").toString("hex")).toBe(
    "010000000000000840" +
      "02000000" +
      "ac0202616201" +
      "0378797a" +
      "0101020169" +
      "0101ff02" +
      "05" +
      "01" +
      "0203016a016b" +
      "046e6f7465",
  );
  expect(encodeFill(1, 2, [{ indexKey: "i", key: "k" }]).toString("hex")).toBe("020102010000000169016b");
  expect(encodeDropIndex(1, 2).toString("hex")).toBe("030102");
  expect(encodeDropCollection(1).toString("hex")).toBe("0401");
});

test("bytes that are no record are refused, not misread", () => {
  expect(() => decodeRecord(Buffer.from([9]))).toThrow("its kind is 9");
  expect(() => decodeRecord(Buffer.from("030102ff", "hex"))).toThrow("1 bytes are left over");
  const record = encodeFill(1, 2, [{ indexKey: "index key", key: "key" }]);
  for (let length = 0; length < record.length; length += 1) {
    expect(() => decodeRecord(record.subarray(0, length))).toThrow(RangeError);
  }
});
