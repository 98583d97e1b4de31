/**
 * Minutes of everything at once: honest clients, kills, functions that never end, a disk that is full for a while, clients that do not read and storms of
 * subscriptions. At the end nothing is lost, every honest call has been answered, and the memory is what it was.
 *
 * `SOAK_SECONDS=3600 LONG=1 npx vitest run soak/soak` goes on for longer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { CuttingProxy, SeededRandom } from "@narrowcast/server/testing";
import { ConvexHttpClient } from "convex/browser";
import { expect, onTestFinished, test } from "vitest";
import { checkLists } from "./checker/lists.ts";
import { KilledServer } from "./killed-server.ts";
import { Recorder } from "./recorder.ts";
import { mountSmallDisk, readSlowly, storm, type SmallDisk } from "./troubles.ts";

const SECONDS = Number(process.env["SOAK_SECONDS"] ?? "300");
const SEED = Number(process.env["SEED"] ?? "1");
/** Shares of the time: with all troubles; without kills, until the memory is what it will be; from then on until it is measured again. */
const [ROUGH, WARM, STEADY] = [0.55, 0.15, 0.3];
const SOCKET_CLIENTS = 3;
const HTTP_CLIENTS = 2;
const CONNECTION_BYTES = 400_000;
const FULL_MS = 3_000;
/**
 * Data in memory: values of lists, and rows of scheduled functions and of the records that are kept of a session's mutations. Of rows a comparison of heap
 * snapshots showed 1.17 kB each, and nothing else that grew with the work.
 */
const VALUE_BYTES = 40;
const ROW_BYTES = 1_200;
const RECORDS_OF_A_SESSION = 1_000;

/** What is done to the server, by name, and how often it was. */
type Trouble = "kill" | "spin" | "full disk" | "storm" | "slow readers";

class Soak {
  readonly counts = new Map<Trouble, number>();
  readonly recorder: Recorder;
  readonly #server: KilledServer;
  readonly #proxy: CuttingProxy;
  readonly #disk: SmallDisk | undefined;
  readonly #random = new SeededRandom(SEED);

  constructor(server: KilledServer, proxy: CuttingProxy, disk: SmallDisk | undefined) {
    this.#server = server;
    this.#proxy = proxy;
    this.#disk = disk;
    this.recorder = new Recorder(SEED);
  }

  /** Honest clients for so long, beside troubles of these kinds. Resolves when everybody has their last answer. */
  async run(seconds: number, troubles: readonly Trouble[]): Promise<void> {
    const endMs = Date.now() + seconds * 1_000;
    const isOver = (): boolean => Date.now() > endMs;
    const { recorder } = this;
    await Promise.all([
      this.#trouble(troubles, isOver),
      ...Array.from({ length: SOCKET_CLIENTS }, () => recorder.socketClient(this.#proxy.url, isOver)),
      ...Array.from({ length: HTTP_CLIENTS }, () => recorder.httpClient(this.#server.url, isOver)),
    ]);
  }

  async #trouble(troubles: readonly Trouble[], isOver: () => boolean): Promise<void> {
    for (let turn = 0; !isOver(); turn += 1) {
      await sleep(500 + this.#random.float() * 2_500);
      const kind = troubles[turn % troubles.length];
      if (isOver() || kind === undefined) return;
      await this.#make(kind);
      this.counts.set(kind, (this.counts.get(kind) ?? 0) + 1);
    }
  }

  async #make(kind: Trouble): Promise<void> {
    const { url } = this.#server;
    switch (kind) {
      case "kill":
        return this.#server.killAndRestart();
      case "spin":
        expect(String(await this.recorder.spin(url))).toMatch(/timed out/u);
        return;
      case "storm":
        expect(await storm(url, this.recorder.keysInUse)).toBeGreaterThan(100);
        return;
      case "slow readers":
        return readSlowly(url, this.recorder.keysInUse);
      case "full disk":
        return this.#fullDisk();
    }
  }

  /** Reads go on, and soon after there is room again writes do, too. */
  async #fullDisk(): Promise<void> {
    if (this.#disk === undefined) return;
    const { url } = this.#server;
    const empty = this.#disk.fill();
    try {
      const endMs = Date.now() + FULL_MS;
      const http = new ConvexHttpClient(url, { logger: false });
      while (Date.now() < endMs) {
        await this.recorder.look(http);
        const health = await fetch(`${url}/health`);
        expect([health.status, await health.json()]).toEqual([
          200,
          expect.objectContaining({ status: expect.stringMatching(/^(ok|read-only)$/u) }),
        ]);
        await sleep(100);
      }
    } finally {
      empty();
    }
    await expect.poll(async () => (await fetch(`${url}/health`)).text(), { timeout: 10_000 }).toContain('"ok"');
  }
}

test("nothing is lost, everybody is answered, and the memory stays", { timeout: (SECONDS + 180) * 1_000 }, async () => {
  const disk = mountSmallDisk();
  onTestFinished(() => disk?.close());
  const server = await KilledServer.open(undefined, disk?.folder);
  const proxy = await CuttingProxy.open(server.url, () => CONNECTION_BYTES);
  onTestFinished(async () => {
    proxy.close();
    await server.close();
  });
  const soak = new Soak(server, proxy, disk);
  const { recorder } = soak;
  await recorder.begin(server.url);
  await soak.run(SECONDS * ROUGH, ["kill", "spin", "full disk", "storm", "slow readers", "kill"]);
  await recorder.end(server.url);

  // One life of the server from here on.
  await server.killAndRestart();
  const steady: readonly Trouble[] = ["storm", "spin", "full disk", "slow readers"];
  await soak.run(SECONDS * WARM, steady);
  const before = { heapBytes: await calmHeap(server), values: recorder.values, jobs: recorder.jobs };
  await soak.run(SECONDS * STEADY, steady);
  const heapBytes = await calmHeap(server);
  await recorder.end(server.url);

  expect(checkLists(recorder.history)).toEqual([]);
  expect(recorder.history.length).toBeGreaterThan(SECONDS * 20);
  for (const kind of ["kill", ...steady] as const)
    expect([kind, soak.counts.get(kind)]).toEqual([kind, expect.any(Number)]);
  const rows = recorder.jobs - before.jobs + SOCKET_CLIENTS * RECORDS_OF_A_SESSION;
  const dataBytes = (recorder.values - before.values) * VALUE_BYTES + rows * ROW_BYTES;
  expect(heapBytes).toBeLessThan(before.heapBytes * 1.1 + dataBytes);
});

/** After everything that was under way, and everything that is kept for a moment only. */
async function calmHeap(server: KilledServer): Promise<number> {
  await sleep(4_000);
  return server.heapBytes();
}
