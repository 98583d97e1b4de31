/**
 * Lists that many clients append to and read while connections break, functions never end and the server is killed: what they were told is strictly
 * serializable, with nothing lost or done twice. With each fault planted in a server, the checker finds it.
 *
 * `SECONDS=600 SEED=7 npx vitest run soak/lists` (with `LONG=1`) runs longer, and with another seed.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CuttingProxy, SeededRandom } from "@narrowcast/server/testing";
import { expect, test } from "vitest";
import type { Anomaly } from "./checker/history.ts";
import { checkLists } from "./checker/lists.ts";
import { FAULTS } from "./faults.ts";
import { KilledServer } from "./killed-server.ts";
import { Recorder } from "./recorder.ts";

const SECONDS = Number(process.env["SECONDS"] ?? "60");
const SEED = Number(process.env["SEED"] ?? "1");
const FAULTY_SECONDS = 12;
const SOCKET_CLIENTS = 5;
const HTTP_CLIENTS = 3;
/** Bytes that a connection carries before it breaks. */
const BYTES_MIN = 5_000;
const BYTES_MAX = 150_000;

interface Told {
  readonly anomalies: readonly Anomaly[];
  readonly transactions: number;
  readonly cuts: number;
  readonly kills: number;
  /** Of functions that never end. */
  readonly errors: readonly unknown[];
}

/** Runs clients against a server, and checks what they were told. */
async function run(options: { seconds: number; seed: number; fault?: string; spins: boolean }): Promise<Told> {
  const { seconds, seed, fault, spins } = options;
  const random = new SeededRandom(seed);
  const server = await KilledServer.open(fault);
  const proxy = await CuttingProxy.open(
    server.url,
    () => BYTES_MIN + Math.floor(random.float() * (BYTES_MAX - BYTES_MIN)),
  );
  const recorder = new Recorder(seed);
  const errors: unknown[] = [];
  let kills = 0;
  try {
    await recorder.begin(server.url);
    const endMs = Date.now() + seconds * 1_000;
    const isOver = (): boolean => Date.now() > endMs;
    const trouble = async (): Promise<void> => {
      for (let turn = 0; !isOver(); turn += 1) {
        await sleep(2_000 + random.float() * 3_000);
        if (isOver()) return;
        if (spins && turn % 3 === 1) errors.push(await recorder.spin(server.url));
        else {
          await server.killAndRestart();
          kills += 1;
        }
      }
    };
    await Promise.all([
      trouble(),
      ...Array.from({ length: SOCKET_CLIENTS }, () => recorder.socketClient(proxy.url, isOver)),
      ...Array.from({ length: HTTP_CLIENTS }, () => recorder.httpClient(server.url, isOver)),
    ]);
    await recorder.end(server.url);
    return {
      anomalies: checkLists(recorder.history),
      transactions: recorder.history.length,
      cuts: proxy.cuts,
      kills,
      errors,
    };
  } finally {
    proxy.close();
    await server.close();
  }
}

test(
  "a server that is killed, cut off and blocked tells its clients one history",
  { timeout: (SECONDS + 120) * 1_000 },
  async () => {
    const told = await run({ seconds: SECONDS, seed: SEED, spins: true });
    expect(told.anomalies).toEqual([]);
    // A run in which nothing happens would show nothing.
    expect(told.transactions).toBeGreaterThan(SECONDS * 20);
    expect(told.cuts).toBeGreaterThan(SECONDS / 10);
    expect(told.kills).toBeGreaterThan(SECONDS / 15);
    expect(told.errors.length).toBeGreaterThan(0);
    for (const error of told.errors) expect(String(error)).toMatch(/timed out|Connection|fetch failed/u);
  },
);

test.each(Object.keys(FAULTS))("it is noticed when %s", { timeout: 120_000 }, async (fault) => {
  const told = await run({ seconds: FAULTY_SECONDS, seed: SEED, fault, spins: false });
  expect(told.anomalies).not.toEqual([]);
});
