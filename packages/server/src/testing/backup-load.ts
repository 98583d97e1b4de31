/**
 * Backups of a deployment to which documents and files are written, and from which they are deleted, all the time.
 *
 * @module
 */
import { randomBytes, randomInt } from "node:crypto";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { startDeployment } from "../host/deployment.ts";
import { checkDeployment } from "../kit/check-deployment.ts";
import { filesWorld, openFiles, type FilesWorld } from "./files-app.ts";

const WRITERS = 3;
const URLS = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };

/** What was acknowledged. */
class Load {
  readonly #world: FilesWorld;
  readonly stored: string[] = [];
  acknowledged = 0;
  #isOver = false;

  constructor(world: FilesWorld) {
    this.#world = world;
  }

  /** Goes on until `stop`. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: WRITERS }, () => this.#write()));
  }

  stop(): void {
    this.#isOver = true;
  }

  async #write(): Promise<void> {
    while (!this.#isOver) {
      const id: string = await this.#world.upload(randomBytes(randomInt(100_000)));
      for (let at = 0; at < 10; at += 1) await this.#world.mutation("attach", { id });
      this.stored.push(id);
      this.acknowledged += 1;
      if (this.stored.length < 20) continue;
      const [gone] = this.stored.splice(randomInt(this.stored.length), 1);
      await this.#world.mutation("remove", { id: gone ?? "" });
    }
  }
}

/** Makes `count` backups in the folder `root`, and proves each. */
export async function backupUnderLoad(root: string, count: number): Promise<void> {
  const world = await openFiles({ directory: join(root, "store"), threads: true });
  const load = new Load(world);
  const running = load.run();
  for (let at = 0; at < count; at += 1) {
    const before = load.acknowledged;
    while (load.acknowledged < before + 5) await new Promise((resolve) => setTimeout(resolve, 5));
    const [last = ""] = load.stored.slice(-1);
    const during = load.acknowledged;
    const copy = join(root, `backup-${at}`);
    await world.deployment.backUp(copy);
    // Writes went on while it was made.
    expect(load.acknowledged).toBeGreaterThan(during);
    const { problems, files, documents } = await checkDeployment(copy);
    expect({ at, problems }).toEqual({ at, problems: [] });
    expect([files, documents].every((number) => number > 0)).toBe(true);
    await proveOpens(copy, last, load);
    rmSync(copy, { recursive: true });
  }
  load.stop();
  await running;
  await world.deployment.close();
}

/** The file that was the newest before the backup began is in it, unless it was deleted meanwhile. */
async function proveOpens(copy: string, id: string, load: Load): Promise<void> {
  const restored = filesWorld(await startDeployment({ ...URLS, directory: copy, threads: false }));
  const row = await restored.query("row", { id });
  if (load.stored.includes(id)) expect(row).toMatchObject({ _id: id });
  await restored.deployment.close();
}
