/**
 * What `narrowcast dev` does about pushes that cannot be, by the built command in an app's folder.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AppFolder, freePort, type RunningCommand } from "./commands/testing/app-folder.ts";

let app: AppFolder;
let dev: RunningCommand;
beforeAll(async () => {
  app = await AppFolder.make();
  dev = app.start("dev", "--port", String(await freePort()), "--site-port", String(await freePort()));
  await dev.until("out", /functions ready[^]*Watching/u);
});
afterAll(() => app.close());

test("a push that failed for a missing variable is tried again when it is set", async () => {
  const errorsFrom = dev.err.length;
  await app.write(
    "convex/extra.ts",
    `import { queryGeneric } from "convex/server";\nconst word = process.env.WORD;\nif (word === undefined) throw new Error("WORD is missing");\nexport const one = queryGeneric({ handler: async () => word });\n`,
  );
  await dev.until("err", /WORD is missing[^]*last good push goes on/u, errorsFrom);
  const from = dev.out.length;
  expect((await app.run("env", "set", "WORD=found")).code).toBe(0);
  await dev.until("out", /\d+ functions ready/u, from);
  expect(JSON.parse((await app.run("run", "extra:one")).out)).toBe("found");
});

test("what does not work yet is named with its place, and pushed only when that is wanted", async () => {
  const other = await AppFolder.make();
  try {
    const schema = await readFile(join(other.directory, "convex", "schema.ts"), "utf8");
    await other.write(
      "convex/schema.ts",
      `${schema}\nexport const more = defineTable({ text: v.string() })\n  .searchIndex("search_text", { searchField: "text" });\n`,
    );
    const line = schema.split("\n").length + 2;
    const once = async (...more: string[]) =>
      other.run("dev", "--once", "--port", String(await freePort()), "--site-port", String(await freePort()), ...more);
    const place = `convex/schema.ts:${line}: text search index "search_text"`;
    const refused = await once();
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("Cannot push: the app uses what does not work here yet");
    expect(refused.err).toContain(place);
    const allowed = await once("--allow-unsupported");
    expect(allowed.code).toBe(0);
    expect(allowed.err).toContain("This does not work here yet, and fails when it is used:");
    expect(allowed.err).toContain(place);
  } finally {
    await other.close();
  }
});

test("what is saved while the first push is under way is pushed, too", async () => {
  const other = await AppFolder.make();
  try {
    const started = other.start("dev", "--port", String(await freePort()), "--site-port", String(await freePort()));
    // By now its files have been read, and the folder is not followed yet.
    await started.until("err", /Loading functions/u);
    await other.write(
      "convex/late.ts",
      `import { queryGeneric } from "convex/server";\nexport const word = queryGeneric({ handler: async () => "late" });\n`,
    );
    await started.until("out", /functions ready[^]*functions ready/u);
    expect(JSON.parse((await other.run("run", "late:word")).out)).toBe("late");
  } finally {
    await other.close();
  }
});
