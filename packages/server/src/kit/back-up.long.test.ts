/** `BACKUPS=50` backups of a deployment under load, each proved by `check`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, test } from "vitest";
import { backupUnderLoad } from "../testing/backup-load.ts";

const BACKUPS = Number(process.env["BACKUPS"] ?? 50);

const root = mkdtempSync(join(tmpdir(), "narrowcast-backups-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("many backups under load", { timeout: 60_000 + BACKUPS * 10_000 }, async () => {
  await backupUnderLoad(root, BACKUPS);
});
