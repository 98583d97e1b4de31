import * as fc from "fast-check";
import { expect, test } from "vitest";
import { decodeBase64, decodeU64, encodeBase64, encodeU64 } from "./base64.ts";
import { tsFromWire, tsToWire } from "./timestamp.ts";

test("base64 agrees with Node's, both ways", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
      const text = Buffer.from(bytes).toString("base64");
      expect(encodeBase64(bytes)).toBe(text);
      expect([...decodeBase64(text)]).toEqual([...bytes]);
    }),
  );
});

test("decodes only what encoding gives", () => {
  const unit = fc.constantFrom(...Array.from("ABwz09+/=-_ é"));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 9 }), (text) => {
      let bytes;
      try {
        bytes = decodeBase64(text);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
        return;
      }
      expect(encodeBase64(bytes)).toBe(text);
    }),
    { numRuns: 5_000 },
  );
});

test.each([
  { value: 0n, text: "AAAAAAAAAAA=" },
  { value: 1n, text: "AQAAAAAAAAA=" },
  { value: 256n, text: "AAEAAAAAAAA=" },
  { value: 2n ** 64n - 1n, text: "//////////8=" },
])("a u64 of $value is $text", ({ value, text }) => {
  expect(encodeU64(value)).toBe(text);
  expect(decodeU64(text)).toBe(value);
});

test.each([-1n, 2n ** 64n])("encodeU64 refuses %d", (value) => {
  expect(() => encodeU64(value)).toThrow(RangeError);
});

test.each(["", "AAAA", "AAAAAAAAAAA", "AAAAAAAAAAAA", "AAAAAAAAAAA*"])("decodeU64 refuses %j", (text) => {
  expect(() => decodeU64(text)).toThrow();
});

test("timestamps survive the wire and keep their order", () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (ts) => {
      expect(tsFromWire(tsToWire(ts))).toBe(ts);
    }),
  );
});

test("a timestamp between two microseconds is rounded up", () => {
  expect(tsFromWire(encodeU64(5_001n))).toBe(6);
  expect(tsFromWire(encodeU64(5_000n))).toBe(5);
});

test("a timestamp that would not be exact is the largest exact one, and one beyond the largest i64 is refused", () => {
  expect(tsFromWire(encodeU64(2n ** 63n - 1n))).toBe(Number.MAX_SAFE_INTEGER);
  expect(() => tsFromWire(encodeU64(2n ** 63n))).toThrow("beyond 2^63 - 1 nanoseconds");
});
