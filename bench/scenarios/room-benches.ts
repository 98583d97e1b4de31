/**
 * The rooms' own benchmarks, each a program of its own that says what it asks and what was expected.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Name and file of each. */
export const ROOM_BENCHES: ReadonlyMap<string, string> = new Map([
  ["values", "packages/values/src/codec.bench.ts"],
  ["deltas", "packages/values/src/delta.bench.ts"],
  ["delta-sockets", "packages/server/src/sync/deltas.bench.ts"],
  ["log", "packages/server/src/engine/log.bench.ts"],
  ["engine", "packages/server/src/engine/engine.bench.ts"],
  ["reactive", "packages/server/src/reactive/reactive.bench.ts"],
  ["module-state", "packages/server/src/functions/module-state.bench.ts"],
  ["meter", "packages/server/src/core/meter.bench.ts"],
]);

/** Runs one; a smoke run shows its text only if it fails. @throws {Error} If it fails. */
export function runRoomBench(name: string, isSmoke: boolean): void {
  const file = ROOM_BENCHES.get(name) ?? "";
  const flags = ["--expose-gc", "--import", "tsx", "--conditions=@narrowcast/source", file];
  const { status, stdout, stderr } = spawnSync(process.execPath, flags, {
    cwd: ROOT,
    encoding: "utf8",
    stdio: isSmoke ? "pipe" : "inherit",
  });
  if (status === 0) return;
  process.stderr.write(`${stdout ?? ""}${stderr ?? ""}`);
  throw new Error(`Cannot finish benchmark "${name}": ${file} ended with ${status ?? "a signal"}`);
}
