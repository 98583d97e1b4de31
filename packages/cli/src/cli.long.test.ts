/**
 * The built `narrowcast` command in a small app's folder, from `dev` to `check`: one server for all cases that need one.
 *
 * The cases are in the order of a day's work, and each leaves the folder as the next one wants it.
 */
import { existsSync } from "node:fs";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { AppFolder, freePort, type RunningCommand } from "./commands/testing/app-folder.ts";

let app: AppFolder;
let ports: string[];
let port: number;

beforeAll(async () => {
  app = await AppFolder.make();
  port = await freePort();
  ports = ["--port", String(port), "--site-port", String(await freePort())];
});
afterAll(async () => await app.close());

const json = (text: string): unknown => JSON.parse(text);
const EXTRA = 'import { queryGeneric } from "convex/server";\n';

describe("with dev running", () => {
  let dev: RunningCommand;
  beforeAll(async () => {
    dev = app.start("dev", ...ports);
    await dev.until("out", /functions ready/u);
  });

  test("dev says where it serves, writes the addresses and the generated files", async () => {
    expect(dev.out).toContain(`deployment    http://127.0.0.1:${port}`);
    expect(dev.out).toContain("index notes.by_text");
    expect(dev.out).toMatch(/8 functions ready/u);
    expect(await readFile(join(app.directory, ".env.local"), "utf8")).toContain(`CONVEX_URL=http://127.0.0.1:${port}`);
    expect(await readdir(join(app.directory, "convex", "_generated"))).toContain("api.d.ts");
    expect(await readFile(join(app.directory, ".narrowcast", ".gitignore"), "utf8")).toBe("*\n");
  });

  test("run prints what the function returned, and its log beside it", async () => {
    const added = await app.run("run", "notes:add", '{"text": "first"}');
    expect(added.code, added.err).toBe(0);
    expect(json(added.out)).toMatch(/^[a-z0-9]{31,}$/u);
    expect(added.err).toContain("adding");
    const [count, hidden, who] = await Promise.all([
      app.run("run", "notes:count"),
      app.run("run", "internal.notes.hidden"),
      app.run("run", "notes:who", "--identity", '{"name": "Ada", "subject": "1", "issuer": "test"}'),
    ]);
    expect([count, hidden, who].map((each) => [each.code, json(each.out)])).toEqual([
      [0, 1],
      [0, "for administrators"],
      [0, "Ada"],
    ]);
    expect(count.err).toBe("");
  });

  test("run shows what a long function prints while it runs, and each line once", async () => {
    const slow = app.start("run", "notes:slowly");
    await slow.until("err", /'part' 2/u);
    expect(slow.out).toBe("");
    const { code, out, err } = await slow.ended;
    expect([code, json(out)]).toEqual([0, "done"]);
    expect(err.split("\n").filter((line) => line !== "")).toEqual(
      [1, 2, 3].map((part) => `[LOG] 'part' ${part} 'of 3'`),
    );
  });

  test("run --wait goes on until the function has scheduled no further run, and shows what those print", async () => {
    const once = await app.run("run", "notes:countDown", '{"left": 3}');
    expect([once.code, json(once.out)]).toEqual([0, { isDone: false }]);
    expect(once.err.match(/left:/gu)).toHaveLength(1);
    const all = await app.run("run", "notes:countDown", '{"left": 3}', "--wait");
    expect([all.code, json(all.out)]).toEqual([0, { isDone: false }]);
    expect(
      all.err
        .split("\n")
        .filter((line) => line.includes("left:"))
        .at(-1),
    ).toContain("0");
  });

  test("run ends with 1 and says why when it cannot", async () => {
    const [thrown, missing, noJson, noObject, badArgs] = await Promise.all([
      app.run("run", "notes:fail"),
      app.run("run", "notes:nothing"),
      app.run("run", "notes:add", "{text: "),
      app.run("run", "notes:add", "[1]"),
      app.run("run", "notes:add", "{text: 1, /* JSON5 */}"),
    ]);
    expect([thrown, missing, noJson, noObject, badArgs].map(({ code, out }) => [code, out])).toEqual(
      Array.from({ length: 5 }, () => [1, ""]),
    );
    expect(thrown.err).toContain('"code": "no-luck"');
    expect(thrown.err).toContain("convex/notes.ts:");
    expect(missing.err).toContain("Could not find");
    expect(missing.err).toMatch(/\nAlike are .*notes:add, notes:count/u);
    expect(noJson.err).toContain('Cannot read the arguments: "{text: " is not JSON');
    expect(noObject.err).toContain("is not an object");
    expect(badArgs.err).toContain("ArgumentValidationError");
    expect(json((await app.run("run", "notes:count")).out)).toBe(1);
  });

  test("run --watch prints every new result until Ctrl-C", async () => {
    const watch = app.start("run", "notes:count", "--watch");
    await watch.until("out", /^1\n$/u);
    expect((await app.run("run", "notes:add", '{"text": "second"}')).code).toBe(0);
    await watch.until("out", /^1\n2\n$/u);
    expect(await watch.stop("SIGINT")).toEqual({ code: 0, out: "1\n2\n", err: "" });
  });

  test("data lists tables and shows documents", async () => {
    const [tables, pretty, lines, one, missing] = await Promise.all([
      app.run("data"),
      app.run("data", "notes"),
      app.run("data", "notes", "--format", "jsonl", "--order", "asc"),
      app.run("data", "notes", "--format", "json", "--limit", "1"),
      app.run("data", "nothing"),
    ]);
    expect(tables).toEqual({ code: 0, out: "notes\n", err: "" });
    expect(pretty.out).toMatch(/_id.*_creationTime.*text/u);
    expect(pretty.out.indexOf("second")).toBeLessThan(pretty.out.indexOf("first"));
    const texts = lines.out
      .trim()
      .split("\n")
      .map((line) => (json(line) as { text: string }).text);
    expect(texts).toEqual(["first", "second"]);
    expect(json(one.out)).toEqual([expect.objectContaining({ text: "second" })]);
    expect(one.err).toContain("--limit shows more");
    expect(missing.code).toBe(1);
    expect(missing.err).toContain('Cannot show table "nothing": there is none of that name; tables are notes');
  });

  test("env sets, shows and removes what functions see", async () => {
    const set = await Promise.all([
      app.run("env", "set", "GREETING", "hello there"),
      app.run("env", "set", "OTHER=a=b"),
    ]);
    expect(set.map(({ code, err }) => [code, err])).toEqual([
      [0, "Set GREETING\n"],
      [0, "Set OTHER\n"],
    ]);
    const [list, get, seen, missing, noValue, badName] = await Promise.all([
      app.run("env", "list"),
      app.run("env", "get", "OTHER"),
      app.run("run", "notes:greeting"),
      app.run("env", "get", "NOTHING"),
      app.run("env", "set", "GREETING"),
      app.run("env", "set", "1X", "y"),
    ]);
    expect(list).toEqual({ code: 0, out: "GREETING=hello there\nOTHER=a=b\n", err: "" });
    expect(get.out).toBe("a=b\n");
    expect(json(seen.out)).toBe("hello there");
    expect(missing.err).toContain('Cannot get environment variable "NOTHING": it is not set');
    expect(noValue.err).toContain("no value is given");
    expect(badName.err).toContain("1X");
    expect([missing, noValue, badName].map(({ code, out }) => [code, out])).toEqual(
      Array.from({ length: 3 }, () => [1, ""]),
    );
    expect((await app.run("env", "remove", "OTHER")).err).toBe("Removed OTHER\n");
    const [again, left] = await Promise.all([app.run("env", "remove", "OTHER"), app.run("env", "list")]);
    expect(again.code).toBe(1);
    expect(left.out).toBe("GREETING=hello there\n");
  });

  test("logs follow what functions print and how they fail; dev prints it too", async () => {
    const [text, lines] = [app.start("logs", "--history"), app.start("logs", "--history", "--jsonl")];
    const from = dev.out.length;
    await app.run("run", "notes:add", '{"text": "third"}');
    await app.run("run", "notes:fail");
    await Promise.all([
      text.until("out", /third[^]*no-luck/u),
      lines.until("out", /third[^]*no-luck/u),
      dev.until("out", /third[^]*no-luck/u, from),
    ]);
    const ended = await Promise.all([text.stop("SIGINT"), lines.stop("SIGTERM")]);
    expect(ended.map(({ code, err }) => [code, err])).toEqual([
      [0, ""],
      [0, ""],
    ]);
    expect(text.out).toMatch(/M\(notes:add\) \[LOG\] 'adding' 'third'/u);
    // eslint-disable-next-line no-control-regex -- the escape is what is looked for
    expect(text.out).not.toMatch(/\u001b\[/u);
    const entries = lines.out
      .trim()
      .split("\n")
      .map((line) => json(line) as { identifier: string; error: string | null });
    expect(entries.findLast((entry) => entry.error !== null)?.identifier).toBe("notes.js:fail");
  });

  test("keys prints a key that opens the deployment, and another does not", async () => {
    const { code, out } = await app.run("keys");
    expect(code).toBe(0);
    const key = out.trim();
    expect(await readFile(join(app.directory, ".env.local"), "utf8")).toContain(key);
    const target = ["--url", `http://127.0.0.1:${port}`, "--admin-key"];
    const [right, wrong] = await Promise.all([
      app.run("env", "list", ...target, key),
      app.run("env", "list", ...target, "narrowcast|0000"),
    ]);
    expect(right.code).toBe(0);
    expect(wrong).toMatchObject({ code: 1, out: "" });
  });

  test("codegen writes the generated files anew", async () => {
    const generated = join(app.directory, "convex", "_generated");
    await rm(generated, { recursive: true });
    expect((await app.run("codegen")).code).toBe(0);
    expect((await readdir(generated)).toSorted()).toEqual([
      "api.d.ts",
      "api.js",
      "dataModel.d.ts",
      "server.d.ts",
      "server.js",
    ]);
  });

  test("a save is pushed; code that does not load is refused and the last good push goes on", async () => {
    let from = dev.out.length;
    await app.write("convex/extra.ts", `${EXTRA}export const one = queryGeneric({ handler: async () => 1 });\n`);
    await dev.until("out", /9 functions ready/u, from);
    expect(json((await app.run("run", "extra:one")).out)).toBe(1);

    let errorsFrom = dev.err.length;
    await app.write("convex/extra.ts", `${EXTRA}export const one = queryGeneric({ handler: async () => {\n`);
    await dev.until("err", /extra\.ts:\d+:\d+[^]*last good push goes on/u, errorsFrom);
    errorsFrom = dev.err.length;
    await app.write("convex/extra.ts", `${EXTRA}throw new Error("not today");\n`);
    await dev.until("err", /not today[^]*last good push goes on/u, errorsFrom);
    errorsFrom = dev.err.length;
    await app.write("convex/extra.ts", `${EXTRA}export const one = queryGeneric({ handler: async () => 1 });\n`);
    from = dev.out.length;
    const schema = await readFile(join(app.directory, "convex", "schema.ts"), "utf8");
    await app.write("convex/schema.ts", schema.replace("text: v.string()", "text: v.number()"));
    await dev.until("err", /Schema validation failed[^]*last good push goes on/u, errorsFrom);
    expect(json((await app.run("run", "extra:one")).out)).toBe(1);

    from = dev.out.length;
    await app.write("convex/schema.ts", schema);
    await app.write("convex/extra.ts", `${EXTRA}export const one = queryGeneric({ handler: async () => 2 });\n`);
    await dev.until("out", /9 functions ready/u, from);
    await expect.poll(async () => json((await app.run("run", "extra:one")).out)).toBe(2);
  });

  test("a save of a file outside of the folder that functions import is pushed", async () => {
    await app.write("shared.ts", "export const word = 3;\n");
    await app.write(
      "convex/extra.ts",
      `${EXTRA}import { word } from "../shared";\nexport const one = queryGeneric({ handler: async () => word });\n`,
    );
    await expect.poll(async () => json((await app.run("run", "extra:one")).out)).toBe(3);
    const from = dev.out.length;
    await app.write("shared.ts", "export const word = 2;\n");
    await dev.until("out", /9 functions ready/u, from);
    await expect.poll(async () => json((await app.run("run", "extra:one")).out)).toBe(2);
  });

  test("a second server is refused: in the same folder, on the same port, on the same store", async () => {
    const other = await AppFolder.make();
    try {
      const [same, taken, check] = await Promise.all([
        app.run("start", "--port", String(await freePort())),
        other.run("dev", ...ports),
        app.run("check"),
      ]);
      expect(same.err).toContain(`one runs already at http://127.0.0.1:${port}`);
      expect(taken.err).toContain(`Cannot listen on 127.0.0.1:${port}`);
      expect(taken.err).toContain("choose another with --port");
      expect(check.err).toContain("Cannot check the store: a server is using it");
      expect([same.code, taken.code, check.code]).toEqual([1, 1, 1]);
      // Without the note of the running server the store itself says that it is in use.
      const note = join(app.directory, ".narrowcast", "server.json");
      await rename(note, `${note}.away`);
      const locked = await app.run("start", "--port", String(await freePort()));
      await rename(`${note}.away`, note);
      expect(locked.code).toBe(1);
      expect(locked.err).toMatch(/^Cannot open log .*: process \d+ has it open; stop that process first\n$/u);
    } finally {
      await other.close();
    }
    expect(json((await app.run("run", "notes:count")).out)).toBe(3);
  });

  test("dev stops on a signal with 0 and leaves no note behind", async () => {
    expect((await dev.stop("SIGTERM")).code).toBe(0);
    expect(existsSync(join(app.directory, ".narrowcast", "server.json"))).toBe(false);
  });
});

describe("without a server", () => {
  test("commands that need one say how to start it", async () => {
    const commands = ["run notes:count", "run notes:count --watch", "data", "env list", "logs"];
    const ended = await Promise.all(commands.map((command) => app.run(...command.split(" "))));
    for (const [index, { code, out, err }] of ended.entries()) {
      expect({ code, out }, commands[index]).toEqual({ code: 1, out: "" });
      expect(err).toContain('no server is running; start one with "narrowcast dev"');
    }
  });

  test("wrong use ends with 1, help with 0", async () => {
    const folder = join(app.directory, "convex", "_generated");
    const [unknown, badPort, noFunctions, noAnswer, help] = await Promise.all([
      app.run("frobnicate"),
      app.run("dev", "--port", "70000"),
      app.run("--dir", folder, "dev", ...ports),
      app.run("data", "--url", `http://127.0.0.1:${port}`, "--admin-key", "x"),
      app.run("--help"),
    ]);
    expect([unknown.code, badPort.code, noFunctions.code, noAnswer.code, help.code]).toEqual([1, 1, 1, 1, 0]);
    expect(unknown.err).toContain("unknown command 'frobnicate'");
    expect(badPort.err).toContain("A port is 1 to 65535.");
    expect(noFunctions.err).toContain("Cannot find functions in");
    expect(noAnswer.err).toContain("Cannot reach the deployment");
    for (const verb of "dev start run data logs env check codegen keys".split(" ")) {
      expect(help.out).toMatch(new RegExp(`^ +${verb} `, "mu"));
    }
  });

  test("dev --once pushes and stops: 0, or 1 when the code is refused", async () => {
    const other = await AppFolder.make();
    try {
      const good = await other.run("dev", "--once", "--no-env-file", ...ports);
      expect({ code: good.code, err: good.err.includes("✖") }).toEqual({ code: 0, err: false });
      expect(existsSync(join(other.directory, ".env.local"))).toBe(false);
      await other.write("convex/notes.ts", "export const = 1;\n");
      const bad = await other.run("dev", "--once", ...ports);
      expect(bad.code).toBe(1);
      expect(bad.err).toContain("notes.ts:1:");
    } finally {
      await other.close();
    }
  });

  test("a server that was killed leaves no lock: start serves the code that dev pushed, not the source", async () => {
    const killed = app.start("start", ...ports);
    await killed.until("out", /Deployment at/u);
    expect((await app.run("run", "notes:add", '{"text": "flip me, please"}')).code).toBe(0);
    await killed.stop("SIGKILL");

    await app.write("convex/extra.ts", `${EXTRA}export const one = queryGeneric({ handler: async () => 3 });\n`);
    const started = app.start("start", ...ports);
    await started.until("out", /Deployment at/u);
    const [one, count, greeting] = await Promise.all(
      ["extra:one", "notes:count", "notes:greeting"].map((path) => app.run("run", path)),
    );
    expect([one, count, greeting].map((each) => json(each!.out))).toEqual([2, 4, "hello there"]);
    expect((await started.stop("SIGINT")).code).toBe(0);

    const pushed = app.start("start", "--push", ...ports);
    await pushed.until("out", /Deployment at/u);
    expect(json((await app.run("run", "extra:one")).out)).toBe(3);
    await pushed.stop("SIGTERM");
  });

  test("check finds the store sound, and changed bytes with their place", async () => {
    const sound = await app.run("check");
    expect(sound.out).toMatch(/^Sound: \d+ documents in \d+ tables, \d+ indexes, \d+ files\n$/u);
    expect(sound.code).toBe(0);
    const files = await flip(join(app.directory, ".narrowcast", "store"), "flip me, please");
    expect(files.length).toBeGreaterThan(0);
    const damaged = await app.run("check");
    expect(damaged.code, damaged.err).toBe(2);
    expect(damaged.out).toMatch(/✖ .*(\.log|notes)/u);
    expect(damaged.out).toMatch(/Not sound/u);
    const refused = await app.run("start", ...ports);
    expect({ code: refused.code, out: refused.out }).toEqual({ code: 1, out: "" });
    expect(refused.err).toMatch(/^Cannot open log .* at byte \d+; .*"narrowcast check"\n$/u);
  });

  test("check of a folder without a store says so", async () => {
    const empty = await AppFolder.make();
    const { code, err } = await empty.run("check");
    await empty.close();
    expect(code).toBe(1);
    expect(err).toContain("there is no store here");
  });
});

/** Changes one byte of every occurrence of a text in the files below a folder. Gives the files that had it. */
async function flip(folder: string, text: string): Promise<string[]> {
  const changed: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file);
    let at = bytes.indexOf(text);
    if (at < 0) continue;
    for (; at >= 0; at = bytes.indexOf(text, at + 1)) bytes.writeUInt8(bytes.readUInt8(at + 3) ^ 0x20, at + 3);
    await writeFile(file, bytes);
    changed.push(file);
  }
  return changed;
}
