import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareValues, valuesEqual } from "./compare.ts";
import { decodeKey, encodeKey, prefixEnd } from "./ordered-key.ts";
import { anyElement } from "./arbitraries.testing.ts";
import type { Value } from "./value.ts";

const tuple = fc.array(anyElement, { maxLength: 3 });
const runs = { numRuns: Number(process.env["SIMS"] ?? 1_000) };

function compareTuples(a: readonly (Value | undefined)[], b: readonly (Value | undefined)[]): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = compareValues(a[at], b[at]);
    if (order !== 0) return Math.sign(order);
  }
  return Math.sign(a.length - b.length);
}

function compareStrings(a: string, b: string): number {
  return a < b ? -1 : a === b ? 0 : 1;
}

const hex = (key: string): string => Buffer.from(key, "latin1").toString("hex");

test("decodes to what was encoded", () => {
  fc.assert(
    fc.property(tuple, (values) => {
      const decoded = decodeKey(encodeKey(values));
      expect(decoded).toHaveLength(values.length);
      for (const [at, value] of values.entries()) expect(valuesEqual(decoded[at], value)).toBe(true);
    }),
    runs,
  );
});

test("keeps the order of tuples", () => {
  fc.assert(
    fc.property(tuple, tuple, (a, b) => {
      expect(compareStrings(encodeKey(a), encodeKey(b))).toBe(compareTuples(a, b));
    }),
    runs,
  );
});

test("concatenates like tuples", () => {
  fc.assert(
    fc.property(tuple, tuple, (a, b) => {
      expect(encodeKey([...a, ...b])).toBe(encodeKey(a) + encodeKey(b));
    }),
    runs,
  );
});

test("no element's key is a prefix of another element's", () => {
  fc.assert(
    fc.property(anyElement, anyElement, (a, b) => {
      const [keyA, keyB] = [encodeKey([a]), encodeKey([b])];
      expect(keyB.startsWith(keyA)).toBe(compareValues(a, b) === 0);
    }),
    runs,
  );
});

test("is a binary string", () => {
  fc.assert(
    fc.property(tuple, (values) => {
      const key = encodeKey(values);
      for (let at = 0; at < key.length; at++) expect(key.charCodeAt(at)).toBeLessThan(256);
    }),
  );
});

test("prefixEnd bounds exactly what begins with the prefix", () => {
  const byte = fc.constantFrom("\x00", "\x01", "a", "\xfe", "\xff");
  const binary = fc.string({ unit: byte, maxLength: 4 });
  fc.assert(
    fc.property(binary, binary, (prefix, key) => {
      const end = prefixEnd(prefix);
      expect(key >= prefix && (end === undefined || key < end)).toBe(key.startsWith(prefix));
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  { prefix: "a", end: "b" },
  { prefix: "a\xff\xff", end: "b" },
  { prefix: "\xff", end: undefined },
  { prefix: "", end: undefined },
])("prefixEnd of $prefix is $end", ({ prefix, end }) => {
  expect(prefixEnd(prefix)).toBe(end);
});

test("the range of a tuple holds the tuples that begin with it and no other", () => {
  fc.assert(
    fc.property(tuple, tuple, (prefix, values) => {
      const start = encodeKey(prefix);
      const key = encodeKey(values);
      const beginsWith = values.length >= prefix.length && compareTuples(values.slice(0, prefix.length), prefix) === 0;
      expect(key >= start && key < (prefixEnd(start) ?? "\xff")).toBe(
        beginsWith || (prefix.length === 0 && key < "\xff"),
      );
    }),
  );
});

// Bytes on disk. A change here is a change of the format: it needs a migration and a decision record first.
test.each([
  { name: "undefined", value: undefined, bytes: "01" },
  { name: "null", value: null, bytes: "02" },
  { name: "int64 zero", value: 0n, bytes: "038000000000000000" },
  { name: "int64 minus one", value: -1n, bytes: "037fffffffffffffff" },
  { name: "zero", value: 0, bytes: "048000000000000000" },
  { name: "minus zero", value: -0, bytes: "047fffffffffffffff" },
  { name: "one", value: 1, bytes: "04bff0000000000000" },
  { name: "minus one", value: -1, bytes: "04400fffffffffffff" },
  { name: "infinity", value: Infinity, bytes: "04fff0000000000000" },
  { name: "NaN", value: NaN, bytes: "04fff8000000000000" },
  { name: "false", value: false, bytes: "05" },
  { name: "true", value: true, bytes: "06" },
  { name: "text", value: "ab", bytes: "07616200" },
  { name: "text with a zero", value: "a\0b", bytes: "076100ff6200" },
  { name: "text beyond ASCII", value: "é😀", bytes: "07c3a9f09f988000" },
  { name: "an unpaired surrogate", value: "\ud800", bytes: "07eda08000" },
  { name: "bytes", value: new Uint8Array([0, 255]).buffer, bytes: "0800ffff00" },
  { name: "an array", value: [null, []], bytes: "0902090000" },
  { name: "an object", value: { b: 1n, a: true }, bytes: "0a0761000607620003800000000000000100" },
])("writes stable bytes for $name", ({ value, bytes }) => {
  expect(hex(encodeKey([value]))).toBe(bytes);
});

test("a NaN with its sign set is the one NaN", () => {
  const negative = new DataView(new ArrayBuffer(8));
  negative.setUint32(0, 0xfff80001);
  expect(encodeKey([negative.getFloat64(0)])).toBe(encodeKey([NaN]));
});

test.each([
  { name: "an unknown tag", key: "\x0b" },
  { name: "the end inside a number", key: "\x04\x80" },
  { name: "the end inside text", key: "\x07ab" },
  { name: "the end inside an array", key: "\x09\x02" },
  { name: "a field name that is no text", key: "\x0a\x02\x02\x00" },
])("decodeKey refuses $name", ({ key }) => {
  expect(() => decodeKey(key)).toThrow(RangeError);
});

test("decodeKey throws nothing but RangeError, whatever the bytes", () => {
  const binary = fc.string({ unit: fc.nat(15).map((code) => String.fromCharCode(code)), maxLength: 20 });
  fc.assert(
    fc.property(binary, (key) => {
      try {
        decodeKey(key);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    }),
  );
});

test("encodeKey refuses what is no value", () => {
  expect(() => encodeKey([(() => 1) as unknown as Value])).toThrow("value is a function; should be a Convex value");
});
