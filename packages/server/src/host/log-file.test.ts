import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { LogEntry } from "../protocol/deployment-types.ts";
import { LogFile } from "./log-file.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "narrowcast-log-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function placed(at: number, text: string | null, error: string | null = null) {
  const line = { level: "LOG", text: text ?? "", timestampMs: at, isTruncated: false } as const;
  return { at, entry: { path: "a:b", lines: text === null ? [] : [line], error } as unknown as LogEntry };
}

test("what was printed and what failed is there after a restart; a line that was cut off is not", async () => {
  const file = join(folder, "log");
  const log = new LogFile(file);
  log.add([placed(5, "one"), placed(6, null), placed(7, null, "it broke")]);
  log.add([placed(8, "two")]);
  await log.close();
  const whole = [placed(5, "one"), placed(7, null, "it broke"), placed(8, "two")];
  expect(new LogFile(file).read()).toEqual(whole);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, `${readFileSync(file, "utf8")}{"at":9,"ent`);
  expect(new LogFile(file).read()).toEqual(whole);
});

test("both files together stay within their bound, and the newest entries are there", async () => {
  const file = join(folder, "log");
  let log = new LogFile(file, 20_000);
  for (let at = 0; at < 400; at += 1) {
    log.add([placed(at, "x".repeat(100))]);
    await log.close();
    if (at % 50 === 0) log = new LogFile(file, 20_000);
    expect(statSync(file).size + (statSync(`${file}.1`, { throwIfNoEntry: false })?.size ?? 0)).toBeLessThanOrEqual(
      20_000,
    );
  }
  const kept = new LogFile(file).read().map(({ at }) => at);
  expect(kept).toEqual(Array.from({ length: kept.length }, (_, index) => 400 - kept.length + index));
  expect(kept.length).toBeGreaterThan(40);
});

test("a disk that takes nothing costs entries, and nothing else", async () => {
  const log = new LogFile(join(folder, "missing", "log"));
  log.add([placed(1, "lost")]);
  await log.close();
  expect(log.read()).toEqual([]);
});
