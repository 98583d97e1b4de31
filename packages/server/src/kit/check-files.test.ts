/**
 * The check of a stopped store finds what is wrong with its files.
 */
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkDeployment } from "./check-deployment.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { openFiles } from "../testing/files-app.ts";

const directory = mkdtempSync(join(tmpdir(), "narrowcast-check-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test("missing bytes, another size, other bytes and bytes without a row are found, each with its place", async () => {
  const world = await openFiles({ directory, threads: false });
  const ids: string[] = [];
  for (const text of ["whole", "missing", "shorter", "changed", ""]) ids.push(await world.upload(Buffer.from(text)));
  await world.deployment.close();
  expect(await checkDeployment(directory)).toMatchObject({ files: 5, problems: [], loose: [] });

  const pathOf = (id: string) => join(directory, "files", fileNameOf(id));
  const [, missing = "", shorter = "", changed = ""] = ids;
  rmSync(pathOf(missing));
  truncateSync(pathOf(shorter), 3);
  const bytes = readFileSync(pathOf(changed));
  bytes[2] = 0;
  writeFileSync(pathOf(changed), bytes);
  const loose = "0123456789abcdef0123456789abcdef";
  writeFileSync(join(directory, "files", loose), "loose");

  const report = await checkDeployment(directory);
  expect(report).toMatchObject({ files: 5, loose: [loose] });
  expect(report.problems.length).toBe(3);
  const place = (id: string) => `file ${id} (files/${fileNameOf(id)})`;
  expect(report.problems).toContain(`${place(missing)}: its bytes are missing`);
  expect(report.problems).toContain(`${place(shorter)}: it has 3 bytes; should have 7`);
  expect(report.problems).toContainEqual(expect.stringContaining(`${place(changed)}: its SHA-256 is `));
});
