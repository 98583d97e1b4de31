/**
 * What every file store must do. Called from the test file of each.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { FileStore, PutRules } from "./file-store.ts";

const RULES: PutRules = { bytesMax: 1_000_000 };

/** A fresh name. */
export function newName(): string {
  return randomBytes(16).toString("hex");
}

/** All bytes of a file; `undefined` when there is none. */
export async function bytesOf(store: FileStore, name: string, pieceBytes = 65_536): Promise<Buffer | undefined> {
  const file = await store.open(name);
  if (file === undefined) return undefined;
  const pieces: Uint8Array[] = [];
  for (let at = 0; ; at += pieces.at(-1)?.length ?? 0) {
    const piece = await file.read(at, pieceBytes);
    if (piece.length === 0) break;
    pieces.push(piece);
  }
  file.close();
  return Buffer.concat(pieces);
}

/** Pieces that come later than one tick, and break off with `error` if there is one. */
export async function* slowly(pieces: readonly Uint8Array[], error?: Error): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    yield piece;
  }
  if (error !== undefined) throw error;
}

/** Runs the contract. @param open Gives a fresh store. */
export function fileStoreContract(name: string, open: () => FileStore): void {
  describe(name, () => {
    const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();

    test.each([0, 1, 65_536, 200_001])(
      "a file of %i bytes comes out as it went in, with size and SHA-256",
      async (size) => {
        const store = open();
        const name = newName();
        const bytes = randomBytes(size);
        const pieces = [bytes.subarray(0, size / 3), new Uint8Array(0), bytes.subarray(size / 3)];
        expect(await store.put(name, slowly(pieces), RULES)).toEqual({ size, sha256: sha256(bytes) });
        expect((await bytesOf(store, name))?.equals(bytes)).toBe(true);
        expect((await store.open(name))?.size).toBe(size);
        expect(await store.list()).toEqual([name]);
      },
    );

    test("any part can be read, and none beyond the end", async () => {
      const store = open();
      const name = newName();
      await store.put(name, [Buffer.from("0123456789")], RULES);
      const file = (await store.open(name))!;
      const text = async (position: number, bytesMax: number) =>
        String(Buffer.from(await file.read(position, bytesMax)));
      expect([await text(3, 4), await text(8, 9), await text(10, 1), await text(99, 1)]).toEqual([
        "3456",
        "89",
        "",
        "",
      ]);
      file.close();
    });

    test("what was given out does not change with what comes later", async () => {
      const store = open();
      const [first, second] = [newName(), newName()];
      const bytes = Buffer.from("first");
      await store.put(first, [bytes], RULES);
      bytes.fill(0);
      await store.put(second, [Buffer.from("other")], RULES);
      const given = await bytesOf(store, first);
      given?.fill(0);
      expect(String(await bytesOf(store, first))).toBe("first");
      expect((await store.list()).toSorted()).toEqual([first, second].toSorted());
    });

    test("a file over the limit is refused in the middle, and nothing is there", async () => {
      const store = open();
      const name = newName();
      let taken = 0;
      async function* endless(): AsyncGenerator<Uint8Array> {
        for (;;) {
          taken += 1;
          yield Buffer.alloc(100);
        }
      }
      await expect(store.put(name, endless(), { bytesMax: 1_000 })).rejects.toMatchObject({ code: "FileTooLarge" });
      expect(taken).toBe(11);
      expect([await store.open(name), await store.list()]).toEqual([undefined, []]);
      await store.put(name, [Buffer.alloc(1_000)], { bytesMax: 1_000 });
    });

    test("a file with another SHA-256 than announced is refused, and nothing is there", async () => {
      const store = open();
      const name = newName();
      const bytes = Buffer.from("abc");
      const wrong = { ...RULES, sha256: sha256(Buffer.from("abd")) };
      await expect(store.put(name, [bytes], wrong)).rejects.toMatchObject({ code: "Sha256Mismatch" });
      expect(await store.open(name)).toBe(undefined);
      await store.put(name, [bytes], { ...RULES, sha256: sha256(bytes) });
      expect(String(await bytesOf(store, name))).toBe("abc");
    });

    test("a sender that breaks off leaves nothing, and its error is the answer", async () => {
      const store = open();
      const name = newName();
      const broken = slowly([Buffer.from("a"), Buffer.from("b")], new Error("gone"));
      await expect(store.put(name, broken, RULES)).rejects.toThrow("gone");
      expect([await store.open(name), await store.list()]).toEqual([undefined, []]);
    });

    test("a deleted file is gone, for open readers later; deleting nothing is nothing", async () => {
      const store = open();
      const name = newName();
      await store.put(name, [Buffer.from("abc")], RULES);
      const reader = (await store.open(name))!;
      await store.delete(name);
      await store.delete(name);
      expect([await store.open(name), await store.list()]).toEqual([undefined, []]);
      expect(String(Buffer.from(await reader.read(0, 10)))).toBe("abc");
      reader.close();
    });

    test("tidying up leaves whole files alone, and those under way", async () => {
      const store = open();
      const [whole, coming] = [newName(), newName()];
      await store.put(whole, [Buffer.from("abc")], RULES);
      let finish = (): void => {};
      const gate = new Promise<void>((resolve) => {
        finish = resolve;
      });
      const put = store.put(
        coming,
        (async function* () {
          yield Buffer.from("d");
          await gate;
          yield Buffer.from("ef");
        })(),
        RULES,
      );
      await store.removeUnfinished(new Set([coming]));
      finish();
      await put;
      expect([String(await bytesOf(store, whole)), String(await bytesOf(store, coming))]).toEqual(["abc", "def"]);
    });
  });
}
