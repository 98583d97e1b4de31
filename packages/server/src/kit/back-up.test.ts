/** Backups of a deployment under load: each opens, is sound with its files, and has everything that was acknowledged before it began. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { startDeployment } from "../host/deployment.ts";
import { openFiles } from "../testing/files-app.ts";
import { backUpStopped } from "./back-up-stopped.ts";
import { backupUnderLoad } from "../testing/backup-load.ts";
import { checkDeployment } from "./check-deployment.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-backup-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };

test("backups of a deployment under load are sound, and have what was acknowledged", { timeout: 120_000 }, async () => {
  await backupUnderLoad(join(root, "loaded"), 3);
});

test("a store that nobody runs is backed up, and what is there is never written over", async () => {
  const directory = join(root, "stopped");
  const world = await openFiles({ directory, threads: false });
  const id = await world.upload(Buffer.from("kept"));
  await expect(backUpStopped(directory, join(root, "locked"))).rejects.toThrow(/has it open/u);
  await world.deployment.close();
  const copy = join(root, "copy");
  await backUpStopped(directory, copy);
  expect(await checkDeployment(copy)).toMatchObject({ problems: [], files: 1, loose: [] });
  await expect(backUpStopped(directory, copy)).rejects.toThrow(
    `Cannot back up into "${copy}": it is there already; name a new folder`,
  );
  const again = await startDeployment({ ...urls, directory: copy, threads: false });
  expect(await again.files.read(id)).toMatchObject({ bytes: new Uint8Array(Buffer.from("kept")) });
  await again.close();
});

test("a deployment in memory says that it cannot be backed up, and a backup that fails leaves nothing", async () => {
  const world = await openFiles({ threads: false });
  const target = join(root, "memory");
  await expect(world.deployment.backUp(target)).rejects.toThrow(/it is in memory only/u);
  expect([existsSync(target), existsSync(`${target}.unfinished`)]).toEqual([false, false]);
  await world.deployment.close();
});
