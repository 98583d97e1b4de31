import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BaseDamagedError, seal, unseal } from "./base-seal.ts";
import { checkStore } from "./check.ts";
import { openDiskEngine } from "./open-disk-engine.ts";

test("a sealed value comes back; any flipped bit of value, checksum or key is noticed", () => {
  const value = Buffer.from("a document");
  const sealed = seal("key", value);
  expect(Buffer.from(unseal("key", sealed, sealed.length)).toString()).toBe("a document");
  expect(() => unseal("kez", sealed, sealed.length)).toThrow(BaseDamagedError);
  expect(() => unseal("key", sealed, 3)).toThrow(BaseDamagedError);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const damaged = Buffer.from(sealed);
    damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(() => unseal("key", damaged, damaged.length), `bit ${bit}`).toThrow(BaseDamagedError);
  }
});

test("a byte flipped in the base is found by checkStore and never read", async () => {
  const directory = mkdtempSync(join(tmpdir(), "base-seal-"));
  const codec = {
    encode: (text: string) => Buffer.from(text),
    decode: (bytes: Uint8Array, start: number, end: number) => Buffer.from(bytes.subarray(start, end)).toString(),
  };
  const engine = openDiskEngine<string>({ directory, codec });
  engine.registerIndex(1, 1);
  engine.put({ collection: 1, key: "row", value: "turn me over", moves: [{ index: 1, add: "entry" }] });
  engine.commit(1, "");
  await engine.close();
  expect(await checkStore(directory)).toEqual([]);

  const file = join(directory, "base", "data.mdb");
  const bytes = readFileSync(file);
  let at = bytes.indexOf("turn me over");
  expect(at).toBeGreaterThan(0);
  for (; at >= 0; at = bytes.indexOf("turn me over", at + 1)) bytes[at] = (bytes[at] ?? 0) ^ 1;
  writeFileSync(file, bytes);

  const [problem] = await checkStore(directory);
  expect(problem?.message).toContain("does not match its checksum");
  const damaged = openDiskEngine<string>({ directory, codec, memoryBytes: 0 });
  expect(() => damaged.get(1, "row")).toThrow(BaseDamagedError);
  await damaged.close();
  rmSync(directory, { recursive: true });
});
