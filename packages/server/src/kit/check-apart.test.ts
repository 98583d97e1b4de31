/** `check` ends with a verdict, whatever was done to the base. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { seededRandom } from "../engine/testing/sim-disk.ts";
import { openFiles } from "../testing/files-app.ts";
import { Base } from "../engine/base.ts";
import { backUpStopped } from "./back-up-stopped.ts";
import { checkApart } from "./check-apart.ts";

/** `DAMAGES=200` damages more often. */
const DAMAGES = Number(process.env["DAMAGES"] ?? 6);
const SEED = Number(process.env["SEED"] ?? 1);
const PAGE_BYTES = 4096;

const root = mkdtempSync(join(tmpdir(), "narrowcast-apart-"));
const sound = join(root, "sound");
beforeAll(async () => {
  const written = join(root, "written");
  const world = await openFiles({ directory: written, threads: false });
  for (let at = 0; at < 200; at += 1) await world.mutation("store", { text: `file ${at}` });
  await world.deployment.close();
  // A copy has no page but those in use. Where former ones lie about, chance can put the base back to an earlier, whole state; the log has all that came
  // later, so such a store is sound.
  await backUpStopped(written, sound);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("a sound store is sound, its base has all of it, and progress is told", async () => {
  const base = new Base(join(sound, "base"));
  const rows = [...base.collections].reduce((sum, collection) => sum + base.stats(collection)!.rows, 0);
  await base.close();
  const told: string[] = [];
  const report = await checkApart(sound, (message) => told.push(message));
  expect(report).toMatchObject({ problems: [], documents: rows, files: 200 });
  expect(told).toContain("Checking documents and indexes");
});

test(
  `pages of the base that were overwritten are a verdict (DAMAGES=${DAMAGES} SEED=${SEED})`,
  { timeout: 60_000 + DAMAGES * 5_000 },
  async () => {
    const random = seededRandom(SEED);
    for (let at = 0; at < DAMAGES; at += 1) {
      const damaged = join(root, "damaged");
      cpSync(sound, damaged, { recursive: true });
      const file = join(damaged, "base", "data.mdb");
      const bytes = readFileSync(file);
      // Every page in use but those that say which they are: other trees' pages, or bits of chance, in their place.
      const pages = bytes.length / PAGE_BYTES;
      for (let page = 2; page < pages; page += 1) {
        const other = 2 + Math.floor(random() * (pages - 2));
        if (at % 2 === 0) bytes.copy(bytes, page * PAGE_BYTES + 8, other * PAGE_BYTES + 8, (other + 1) * PAGE_BYTES);
        else
          for (let n = 0; n < 40; n += 1)
            bytes[page * PAGE_BYTES + 16 + Math.floor(random() * 4_000)] = Math.floor(random() * 256);
      }
      writeFileSync(file, bytes);
      const { problems } = await checkApart(damaged);
      expect(problems.length, `damage ${at}`).toBeGreaterThan(0);
      rmSync(damaged, { recursive: true });
    }
  },
);

test("a process that ends without a verdict is one", async () => {
  const program = join(root, "aborts.mjs");
  writeFileSync(
    program,
    "process.send({ type: 'progress', message: 'Reading' }, () => process.kill(process.pid, 'SIGSEGV'));",
  );
  const { problems } = await checkApart(sound, undefined, program);
  expect(problems).toEqual([
    expect.stringMatching(/ended by itself \(SIGSEGV\) during "Reading": the base is damaged/u),
  ]);
});
