import * as fc from "fast-check";
import { expect, test } from "vitest";
import { Slab } from "./slab.ts";

function bytesAt(slab: Slab, ref: number): Buffer {
  const start = slab.startOf(ref);
  return slab.bufferOf(ref).subarray(start, start + slab.lengthOf(ref));
}

test("slots keep their bytes while others come and go", () => {
  const size = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(252, 253, 4092, 65532, 65533, 70_000));
  const step = fc.record({ size, fill: fc.integer({ min: 0, max: 255 }), frees: fc.nat() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const slab = new Slab();
      const held: { ref: number; bytes: Buffer }[] = [];
      for (const { size, fill, frees } of steps) {
        const bytes = Buffer.alloc(size, fill);
        held.push({ ref: slab.add(bytes), bytes });
        if (frees % 3 === 0) slab.free(held.splice(frees % held.length, 1)[0]!.ref);
        for (const { ref, bytes } of held) expect(bytesAt(slab, ref).equals(bytes)).toBe(true);
      }
    }),
    { numRuns: 40 },
  );
});

test("a freed slot is used again: updates do not grow the slab", () => {
  const slab = new Slab();
  let ref = slab.add(Buffer.alloc(300));
  const { bytes } = slab;
  for (let at = 0; at < 10_000; at += 1) {
    const next = slab.add(Buffer.alloc(290 + (at % 10)));
    slab.free(ref);
    ref = next;
  }
  expect(slab.bytes).toBe(bytes);
});

test("a large value's chunk is given back when it is freed", () => {
  const slab = new Slab();
  const ref = slab.add(Buffer.alloc(500_000, 7));
  expect(slab.bytes).toBeGreaterThanOrEqual(500_000);
  slab.free(ref);
  expect(slab.bytes).toBe(0);
  expect(() => slab.lengthOf(ref)).toThrow("not in use");
});
