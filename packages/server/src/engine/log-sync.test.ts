/**
 * Who waits for the device.
 */
import { expect, test } from "vitest";
import type { LogFs } from "./log-fs.ts";
import { LogSync } from "./log-sync.ts";

/** A device that takes `ms` when it blocks, and notes which way it was asked. */
function device(ms: () => number): { readonly disk: LogFs; readonly asked: string[] } {
  const asked: string[] = [];
  const disk: Pick<LogFs, "syncData" | "syncDataNow"> = {
    syncData: async () => void asked.push("pool"),
    syncDataNow: () => {
      asked.push("here");
      for (const end = performance.now() + ms(); performance.now() < end;);
    },
  };
  return { disk: disk as LogFs, asked };
}

test("an owner with other work never waits for the device itself", async () => {
  const { disk, asked } = device(() => 0);
  const sync = new LogSync(disk);
  for (const mayBlock of [true, false, true]) await sync.data(1, mayBlock);
  expect(asked).toEqual(["here", "pool", "here"]);
});

test("a device that turns out slow is left to the pool for a while, then tried again", async () => {
  let ms = 10;
  const { disk, asked } = device(() => ms);
  const sync = new LogSync(disk);
  await sync.data(1, true);
  ms = 0;
  for (let at = 0; at < 64; at += 1) await sync.data(1, true);
  await sync.data(1, true);
  expect(asked).toEqual(["here", ...Array.from({ length: 64 }, () => "pool"), "here"]);
});

test("a failure is the caller's to know, whichever way", async () => {
  const failing = {
    syncData: () => Promise.reject(new Error("EIO: pool")),
    syncDataNow: () => {
      throw new Error("EIO: here");
    },
  } as Partial<LogFs> as LogFs;
  const sync = new LogSync(failing);
  await expect(sync.data(1, true)).rejects.toThrow("EIO: here");
  await expect(sync.data(1, false)).rejects.toThrow("EIO: pool");
});
