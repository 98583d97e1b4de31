import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeId, encodeId, IdDecodeError, newInternalId, tableNumberOfId, tryDecodeId } from "./id.ts";

const tableNumber = fc.oneof(fc.integer({ min: 1, max: 0xffffffff }), fc.integer({ min: 1, max: 20_000 }));
const internal = fc.uint8Array({ minLength: 16, maxLength: 16 });
const ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

test("decodes to what was encoded, and tableNumberOfId agrees", () => {
  fc.assert(
    fc.property(tableNumber, internal, (table, bytes) => {
      const id = encodeId(table, bytes);
      const decoded = decodeId(id);
      expect(decoded.tableNumber).toBe(table);
      expect([...decoded.internal]).toEqual([...bytes]);
      expect(tableNumberOfId(id)).toBe(table);
      expect(id).toMatch(/^[0-9a-hjkmnp-tv-z]+$/);
    }),
  );
});

test("accepts only what encoding gives", () => {
  const text = fc.string({ unit: fc.constantFrom(...Array.from(ALPHABET)), minLength: 29, maxLength: 39 });
  const nearMiss = fc
    .tuple(tableNumber, internal, fc.nat(36), fc.constantFrom(...Array.from(ALPHABET)))
    .map(([table, bytes, at, char]) => {
      const id = encodeId(table, bytes);
      return id.slice(0, at) + char + id.slice(at + 1);
    });
  fc.assert(
    fc.property(fc.oneof(text, nearMiss, fc.string()), (id) => {
      const decoded = tryDecodeId(id);
      if (decoded === undefined) expect(() => decodeId(id)).toThrow(IdDecodeError);
      else expect(encodeId(decoded.tableNumber, decoded.internal)).toBe(id);
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  { table: 1, length: 31 },
  { table: 127, length: 31 },
  { table: 128, length: 32 },
  { table: 10_001, length: 32 },
  { table: 16_383, length: 32 },
  { table: 16_384, length: 34 },
  { table: 0xffffffff, length: 37 },
])("an id of table $table has $length characters", ({ table, length }) => {
  expect(encodeId(table, new Uint8Array(16))).toHaveLength(length);
});

// Ids are stored in documents and in users' links. These must never change.
test.each([
  { table: 1, fill: 0, id: "0400000000000000000000000000248" },
  { table: 10_001, fill: 7, id: "j570e1r70w3ge1r70w3ge1r70w3gekrr" },
  { table: 513, fill: 255, id: "g42fzzzzzzzzzzzzzzzzzzzzzzzzyxee" },
])("writes stable text for table $table filled with $fill", ({ table, fill, id }) => {
  expect(encodeId(table, new Uint8Array(16).fill(fill))).toBe(id);
});

test("the first user tables' ids begin like Convex's", () => {
  const starts = [10_001, 10_002, 10_003, 10_004, 10_005].map((table) =>
    encodeId(table, new Uint8Array(16)).slice(0, 3),
  );
  expect(starts).toEqual(["j57", "j97", "jd7", "jh7", "jn7"]);
});

test("a changed character is told from an id", () => {
  const id = encodeId(10_001, new Uint8Array(16).fill(7));
  expect(tryDecodeId(id)).toBeDefined();
  for (let at = 0; at < id.length; at++) {
    const other = id[at] === "5" ? "6" : "5";
    expect(tryDecodeId(id.slice(0, at) + other + id.slice(at + 1)), `at ${at}`).toBeUndefined();
  }
});

test.each([
  { name: "upper case", id: "J570e1r70w3ge1r70w3ge1r70w3gekrr", message: 'Invalid character "J" at 0' },
  {
    name: "a letter left out of the alphabet",
    id: "j570e1r70w3ge1r70w3ge1r70w3gekrl",
    message: 'Invalid character "l" at 31',
  },
  { name: "nothing", id: "", message: "Invalid ID length 0" },
  { name: "ordinary text", id: "hello", message: "Invalid ID length 5" },
  { name: "beyond ASCII", id: "j570e1r70w3ge1r70w3ge1r70w3gekré", message: 'Invalid character "é" at 31' },
])("refuses $name", ({ id, message }) => {
  expect(() => decodeId(id)).toThrow(`Unable to decode ID: ${message}`);
  expect(tableNumberOfId("")).toBeUndefined();
});

test("newInternalId ends in the day, big-endian", () => {
  const bytes = newInternalId(new Uint8Array(14).fill(9), 20_000.5 * 24 * 3_600_000);
  expect([...bytes]).toEqual([...Array<number>(14).fill(9), 20_000 >> 8, 20_000 & 0xff]);
  expect(() => newInternalId(new Uint8Array(13), 0)).toThrow("got 13 random bytes; should be 14");
});

test.each([0, -1, 1.5, 2 ** 32])("encodeId refuses table number %d", (table) => {
  expect(() => encodeId(table, new Uint8Array(16))).toThrow(RangeError);
});

test("encodeId refuses a document part of another length", () => {
  expect(() => encodeId(1, new Uint8Array(15))).toThrow("has 15 bytes; should have 16");
});
