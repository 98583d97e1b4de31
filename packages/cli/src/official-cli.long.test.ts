/**
 * The published CLI pushes: `npx convex dev` and `npx convex deploy` against a server that was started without any functions.
 */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AppFolder, freePort, RunningCommand, type Ended } from "./commands/testing/app-folder.ts";

const CONVEX = join(dirname(createRequire(import.meta.url).resolve("convex/package.json")), "bin", "main.js");

const COUNT_NODE = `"use node";
import { actionGeneric, makeFunctionReference } from "convex/server";
import { createHash } from "node:crypto";
export const digest = actionGeneric({
  args: {},
  handler: async (ctx) => {
    const count = await ctx.runQuery(makeFunctionReference("notes:count"), {});
    return createHash("sha256").update(String(count)).digest("hex").slice(0, 6);
  },
});
`;
const HTTP = `
import { httpActionGeneric, httpRouter } from "convex/server";
const http = httpRouter();
http.route({ path: "/hi", method: "GET", handler: httpActionGeneric(async () => new Response("hi")) });
export default http;
`;
const CRONS = `
import { cronJobs, makeFunctionReference } from "convex/server";
const crons = cronJobs();
crons.interval("count down", { hours: 1 }, makeFunctionReference("notes:countDown"), { left: 0 });
export default crons;
`;
const SCHEMA = (type: string, index: string): string => `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ notes: defineTable({ text: ${type} })${index} });
`;
const BY_TEXT = `.index("by_text", ["text"])`;

/** The folder that is pushed, and the server's own. */
let [app, home]: AppFolder[] = [];
let environment: { [name: string]: string };
let siteUrl: string;

beforeAll(async () => {
  app = await AppFolder.make();
  home = await AppFolder.make({ hasModules: false });
  writeFileSync(
    join(app.directory, "package.json"),
    `{ "name": "pushed", "type": "module", "dependencies": { "convex": "*" } }`,
  );
  for (const [file, text] of [
    ["digest.ts", COUNT_NODE],
    ["http.ts", HTTP],
    ["crons.ts", CRONS],
  ] as const)
    await app.write(`convex/${file}`, text);
  const [port, sitePort] = [await freePort(), await freePort()];
  const server = home.start("start", "--port", String(port), "--site-port", String(sitePort));
  await server.until("out", /Deployment at/u);
  siteUrl = `http://127.0.0.1:${sitePort}`;
  const key = (await home.run("keys")).out.trim();
  environment = { CONVEX_SELF_HOSTED_URL: `http://127.0.0.1:${port}`, CONVEX_SELF_HOSTED_ADMIN_KEY: key };
});
afterAll(async () => {
  await app?.close();
  await home?.close();
});

/** Runs `npx convex …`. */
function convex(...argv: string[]): Promise<Ended> {
  const child = spawn(process.execPath, [CONVEX, ...argv], {
    cwd: app!.directory,
    env: { ...process.env, ...environment, CI: "1", NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return new RunningCommand(child).ended;
}

const TIMEOUT = { timeout: 240_000 };
const dev = (): Promise<Ended> => convex("dev", "--once", "--typecheck", "disable");

test("dev --once pushes everything an app has, and its functions work", TIMEOUT, async () => {
  const pushed = await dev();
  expect(pushed.code, pushed.err).toBe(0);
  expect(pushed.err).toMatch(/Added table indexes:\s+\[\+\] notes\.by_text/u);
  expect(pushed.err).toMatch(/Convex functions ready!/u);
  expect((await convex("run", "notes:add", '{"text": "first"}')).code).toBe(0);
  expect((await convex("run", "notes:count")).out.trim()).toBe("1");
  expect((await convex("run", "digest:digest")).out).toContain("6b86b2");
  expect(await (await fetch(`${siteUrl}/hi`)).text()).toBe("hi");
  const failed = await convex("run", "notes:fail");
  expect(failed.err).toMatch(/at handler \(\.\.\/convex\/notes\.ts:\d+:\d+\)/u);
});

test("deploy in a dry run tells what it would do; deploy does it", TIMEOUT, async () => {
  await app!.write("convex/schema.ts", SCHEMA("v.string()", ""));
  const dry = await convex("deploy", "--dry-run", "--yes", "--typecheck", "disable");
  expect(dry.code, dry.err).toBe(0);
  expect(dry.err).toMatch(/Would delete table indexes:\s+\[-\] notes\.by_text/u);
  const deployed = await convex("deploy", "--yes", "--typecheck", "disable");
  expect(deployed.code, deployed.err).toBe(0);
  expect(deployed.err).toMatch(/Deleted table indexes:\s+\[-\] notes\.by_text/u);
  expect(deployed.err).toMatch(/Deployed Convex functions/u);
});

test("data that does not match fails the push in Convex's words, and what was there goes on", TIMEOUT, async () => {
  await app!.write("convex/schema.ts", SCHEMA("v.number()", BY_TEXT));
  const refused = await dev();
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(
    /Schema validation failed\.[^]*in table "notes" does not match the schema[^]*Path: \.text/u,
  );
  expect((await convex("run", "notes:count")).out.trim()).toBe("1");
  await app!.write("convex/schema.ts", SCHEMA("v.string()", BY_TEXT));
});

test("a variable that auth.config needs is asked for by name; with it the push goes through", TIMEOUT, async () => {
  await app!.write(
    "convex/auth.config.ts",
    `export default { providers: [{ domain: process.env.ISSUER!, applicationID: "a" }] };\n`,
  );
  const refused = await dev();
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/ISSUER is used in auth config file but its value was not set/u);
  expect((await convex("env", "set", "ISSUER", "https://id.example")).code).toBe(0);
  const pushed = await dev();
  expect(pushed.code, pushed.err).toBe(0);
});

test("a module that throws fails the push with its message and place", TIMEOUT, async () => {
  await app!.write("convex/odd.ts", `throw new Error("not today");\nexport {};\n`);
  const refused = await dev();
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(/Uncaught Error: not today\s+at .*\(\.\.\/convex\/odd\.ts:1:\d+\)/u);
});
