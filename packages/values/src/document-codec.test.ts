import * as fc from "fast-check";
import { expect, test } from "vitest";
import { valuesEqual } from "./compare.ts";
import { decodeDocument, encodeDocument } from "./document-codec.ts";
import { anyDocument } from "./arbitraries.testing.ts";
import { setField } from "./value.ts";
import type { Doc, ObjectValue, Value } from "./value.ts";

const runs = { numRuns: Number(process.env["SIMS"] ?? 1_000) };
const doc = (fields: { [field: string]: Value | undefined }): Doc => ({ _id: "i", _creationTime: 1.5, ...fields });
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

test("decodes to what was encoded, also in the middle of other bytes", () => {
  fc.assert(
    fc.property(anyDocument, (value) => {
      const bytes = encodeDocument(value);
      expect(valuesEqual(decodeDocument(bytes), value)).toBe(true);
      const around = Buffer.concat([Buffer.from([9, 9, 9]), bytes, Buffer.from([9, 9])]);
      expect(valuesEqual(decodeDocument(around, 3, 3 + bytes.length), value)).toBe(true);
    }),
    runs,
  );
});

test("gives fields back sorted", () => {
  const decoded = decodeDocument(encodeDocument(doc({ zebra: { b: 1, a: 2 }, apple: 1 })));
  expect(Object.keys(decoded)).toEqual(["_creationTime", "_id", "apple", "zebra"]);
  expect(Object.keys(decoded["zebra"] as ObjectValue)).toEqual(["a", "b"]);
});

test("equal documents have equal bytes, whatever the order of fields", () => {
  expect(hex(encodeDocument(doc({ b: 1, a: [{ y: 1, x: 2 }] })))).toBe(
    hex(encodeDocument(doc({ a: [{ x: 2, y: 1 }], b: 1 }))),
  );
});

test("leaves out undefined fields at every level", () => {
  const value = doc({ a: undefined, b: { c: undefined, d: [{ e: "é", f: undefined }] } as unknown as Value, g: "é" });
  const decoded = decodeDocument(encodeDocument(value));
  expect(decoded).toEqual({ _creationTime: 1.5, _id: "i", b: { d: [{ e: "é" }] }, g: "é" });
  expect(Object.keys(decoded["b"] as ObjectValue)).toEqual(["d"]);
});

test("refuses an array with an undefined item, and goes on", () => {
  expect(() => encodeDocument(doc({ a: [{ b: [undefined as unknown as Value] }] }))).toThrow(
    "an array's item is undefined",
  );
  expect(decodeDocument(encodeDocument(doc({ a: 1 })))["a"]).toBe(1);
});

test("results belong to the caller: neither later calls nor writes to the input change them", () => {
  const buffer = new Uint8Array([1, 2, 3]).buffer;
  const first = encodeDocument(doc({ data: buffer, text: "first" }));
  const copy = hex(first);
  for (let n = 0; n < 500; n++) encodeDocument(doc({ text: "x".repeat(n) }));
  expect(hex(first)).toBe(copy);
  const decoded = decodeDocument(first);
  first.fill(0);
  expect(decoded["text"]).toBe("first");
  expect([...new Uint8Array(decoded["data"] as ArrayBuffer)]).toEqual([1, 2, 3]);
});

test.each([1, 63, 64, 65, 66, 67, 1_024])("an object with %d fields survives", (count) => {
  const object: ObjectValue = {};
  for (let n = 0; n < count; n++) object[`field${n}`] = n % 2 === 0 ? n : `wörd ${n}`;
  const value = doc({ object });
  expect(valuesEqual(decodeDocument(encodeDocument(value)), value)).toBe(true);
});

test.each([10, 8_000, 8_192, 70_000, 1_100_000])("text of %d characters survives", (length) => {
  for (const text of ["a".repeat(length), "é".repeat(length), "\ud800".repeat(length)]) {
    const value = doc({ before: "x", text, after: "ü" });
    expect(valuesEqual(decodeDocument(encodeDocument(value)), value)).toBe(true);
  }
});

test("a shape used a thousand times gives what it gave at first", () => {
  const names = ["plain", "with space", 'quo"te', "back\\slash", "1", "`${x}`", "*/", "constructor"];
  for (let n = 0; n < 1_000; n++) {
    const value = doc(Object.fromEntries(names.map((name, at) => [name, `${at} ${n}`])));
    const decoded = decodeDocument(encodeDocument(value));
    expect(decoded).toEqual(value);
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
  }
});

test("a field called __proto__ stays a field, however often", () => {
  for (let n = 0; n < 200; n++) {
    const inner: ObjectValue = { a: 1 };
    setField(inner, "__proto__", { evil: n });
    const decoded = decodeDocument(encodeDocument(doc({ inner })))["inner"] as ObjectValue;
    expect(Object.getPrototypeOf(decoded)).toBe(Object.prototype);
    expect(Object.getOwnPropertyDescriptor(decoded, "__proto__")?.value).toEqual({ evil: n });
  }
});

test("more shapes than the caches hold", () => {
  for (let n = 0; n < 9_000; n++) {
    const value = doc({ [`field${n}`]: n });
    expect(decodeDocument(encodeDocument(value))[`field${n}`]).toBe(n);
  }
});

/** FNV-1a of the head of documents with the fields `_creationTime`, `_id` and `a`. */
const HEAD_HASH = "28cabf76";

// Bytes on disk. A change here is a change of the format: it needs a new version and a decision record first.
test.each<{ name: string; fields: { [field: string]: Value }; body: string; texts: string }>([
  { name: "null, false, true", fields: { a: [null, false, true] }, body: "0a03000102", texts: "" },
  { name: "small integers", fields: { a: [0, 127] }, body: "0a0280ff", texts: "" },
  { name: "int32", fields: { a: [128, -1, 2 ** 31 - 1] }, body: "0a03058000000005ffffffff05ffffff7f", texts: "" },
  { name: "float64", fields: { a: -0 }, body: "040000000000000080", texts: "" },
  { name: "NaN", fields: { a: NaN }, body: "04000000000000f87f", texts: "" },
  { name: "int64", fields: { a: -2n }, body: "03feffffffffffffff", texts: "" },
  { name: "ASCII text", fields: { a: "xyz" }, body: "0603", texts: "78797a" },
  { name: "an unpaired surrogate", fields: { a: "\ud800é" }, body: "080200d8e900", texts: "" },
  { name: "bytes", fields: { a: new Uint8Array([7, 8]).buffer }, body: "09020708", texts: "" },
])("writes stable bytes for $name", ({ fields, body, texts }) => {
  const head = "01030d5f6372656174696f6e54696d65035f69640161";
  const values = `0b0004000000000000f83f0601${body}`;
  const u32 = (text: string): string => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(text.length / 2);
    return bytes.toString("hex");
  };
  const bytes = hex(encodeDocument(doc(fields)));
  expect(bytes).toBe(`01${HEAD_HASH}${u32(values)}${u32(`69${texts}`)}${u32(head)}${values}69${texts}${head}`);
});

test("writes stable bytes for nested objects and text beyond ASCII", () => {
  const bytes = encodeDocument(doc({ a: { b: "é" }, c: [{ b: "e" }, {}] }));
  expect(hex(bytes.subarray(5, 17))).toBe("19000000020000001c000000");
  const body = ["0b00", "04000000000000f83f", "0601", "0b010701", "0a02", "0b010601", "0b02"];
  const asciiText = ["6965"];
  const head = ["03", "040d5f6372656174696f6e54696d65035f696401610163", "010162", "00"];
  const otherText = ["c3a9"];
  expect(hex(bytes.subarray(17))).toBe([...body, ...asciiText, ...head, ...otherText].join(""));
});

test("writes stable bytes for an object too large for a shape", () => {
  const names = Array.from({ length: 65 }, (_, n) => `f${n + 10}`);
  const bytes = hex(encodeDocument(doc({ o: Object.fromEntries(names.map((name) => [name, null])) })));
  expect(bytes).toContain(`06010c41${"060300".repeat(65)}${Buffer.from(`i${names.join("")}`).toString("hex")}`);
});

test("damaged bytes give an error or a document, never anything else", () => {
  const bytes = encodeDocument(doc({ a: "text", b: [1, 2.5, 3n, { c: "é" }], d: new ArrayBuffer(3) }));
  for (let at = 0; at < bytes.length; at++) {
    for (const flip of [1, 0x80, 0xff]) {
      const damaged = new Uint8Array(bytes);
      damaged[at] = (damaged[at] as number) ^ flip;
      expectDocumentOrRangeError(damaged);
    }
    expectDocumentOrRangeError(bytes.slice(0, at));
  }
});

test("random bytes give an error or a document, never anything else", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      expectDocumentOrRangeError(Uint8Array.from([1, ...bytes]));
    }),
  );
});

function expectDocumentOrRangeError(bytes: Uint8Array): void {
  try {
    expect(typeof decodeDocument(bytes)).toBe("object");
  } catch (error) {
    expect(error).toBeInstanceOf(RangeError);
  }
}
