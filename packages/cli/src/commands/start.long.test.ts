/** `start` as a service: what it says, when it listens, how it stops, and what is left in the log. */
import { once } from "node:events";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { AppFolder, freePort, type RunningCommand } from "./testing/app-folder.ts";

const SLOW_PUSH = `
const until = Date.now() + 1_500;
while (Date.now() < until);
`;
/** Whoever stops a service waits so long at least before it kills. */
const STOP_MS_MAX = 5_000;
/** Several commands are started one after the other. */
const STUCK_TEST_MS = 120_000;
const DATE = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

let app: AppFolder;
let port: number;
let ports: string[];

beforeAll(async () => {
  app = await AppFolder.make();
  port = await freePort();
  ports = ["--port", String(port), "--site-port", String(await freePort())];
});
// A test that failed leaves its server; the next ones want the folder.
afterEach(async () => await app.killAll());
afterAll(async () => await app.close());

async function started(...options: string[]): Promise<RunningCommand> {
  const command = app.start("start", ...ports, ...options);
  await command.until("out", /Deployment at|"event":"started"/u);
  return command;
}

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: JSON.stringify(body), headers });
}

test("a bad push on an empty store is an error, without a stack of ours", async () => {
  await app.write("convex/bad.ts", "export const = 1;\n");
  const { code, err } = await app.run("start", "--push", ...ports);
  expect(code).toBe(1);
  expect(err).toContain("bad.ts:1:");
  expect(err).not.toMatch(/ {4}at |dist\//u);
  await app.write("convex/bad.ts", "");
});

test("start --push listens when its functions are ready", async () => {
  await app.write("convex/late.ts", SLOW_PUSH);
  const command = app.start("start", "--push", ...ports);
  let refused = 0;
  for (;;) {
    const answer = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    if (answer !== undefined) {
      expect([answer.status, await answer.json()]).toEqual([200, { status: "ok" }]);
      break;
    }
    refused += 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  expect(refused).toBeGreaterThan(5);
  await app.write("convex/late.ts", "");
  expect((await command.stop("SIGTERM")).code).toBe(0);
  expect(command.out).toMatch(new RegExp(`^${DATE} Starting: process \\d+`, "u"));
  expect(command.out).toMatch(new RegExp(`^${DATE} Stopping: SIGTERM\n${DATE} Stopped\n$`, "mu"));
});

test("a bad push serves the last good one, and says so", async () => {
  await app.write("convex/bad.ts", "export const = 1;\n");
  const command = await started("--push");
  expect(command.err).toMatch(/bad\.ts:1:[^]*The push failed; the last good push is served \(8 functions\)/u);
  expect((await app.run("run", "notes:count")).out).toBe("0\n");
  await app.write("convex/bad.ts", "");
  await command.stop("SIGTERM");
});

test("start prints what functions log and how they fail, and tells nobody else; the log is there after a restart", async () => {
  const text = await started();
  const added = await (await post("/api/mutation", { path: "notes:add", args: { text: "seen" } })).json();
  expect(added).toEqual({ status: "success", value: expect.any(String) });
  const failed = (await (await post("/api/mutation", { path: "notes:fail", args: {} })).json()) as {
    errorMessage: string;
  };
  expect(failed).toMatchObject({ errorMessage: expect.stringMatching(/^\[Request ID: \w+\] Server Error$/u) });
  await text.until("out", new RegExp(`${DATE} M\\(notes:add\\) \\[LOG\\] 'adding' 'seen'\n[^]*no-luck`, "u"));
  expect(text.out).toContain(failed.errorMessage.slice(0, 30));
  const following = app.start("logs", "--history");
  await following.until("out", /'seen'[^]*no-luck/u);
  await text.stop("SIGKILL");
  await following.until("err", /The server is gone; waiting/u);

  const json = await started("--logs", "json", "--errors", "show");
  const from = following.out.length;
  await post("/api/mutation", { path: "notes:add", args: { text: "second" } });
  await following.until("out", /'second'/u, from);
  expect(following.out.slice(from)).not.toContain("seen");
  expect(following.out.match(/'seen'/gu)).toHaveLength(1);
  const shown = await (await post("/api/mutation", { path: "notes:fail", args: {} })).json();
  expect(shown).toMatchObject({ errorMessage: expect.stringContaining("Uncaught ConvexError") });
  await json.until("out", /"kind":"Completion"[^]*no-luck/u);
  await json.stop("SIGTERM");
  const events = json.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { kind: string; event?: string });
  expect(events.flatMap(({ event }) => event ?? [])).toEqual(["starting", "started", "stopping", "stopped"]);
  await following.stop("SIGINT");
  expect(await readFile(join(app.directory, ".narrowcast", "log.jsonl"), "utf8")).toContain("second");

  const off = await started("--logs", "off");
  await post("/api/mutation", { path: "notes:add", args: { text: "quiet" } });
  const again = app.start("logs", "--history", "--jsonl");
  await again.until("out", /seen[^]*second[^]*quiet/u);
  await again.stop("SIGINT");
  await off.stop("SIGTERM");
  expect(off.out).not.toContain("quiet");
});

test("calls under way have --stop-wait, then an answer that says why; under load everything that was answered is there", async () => {
  const long = await started("--stop-wait", "20");
  const slow = post("/api/action", { path: "notes:slowly", args: {} });
  await long.until("out", /'part'/u);
  const stopped = long.stop("SIGTERM");
  expect(await (await slow).json()).toEqual({ status: "success", value: "done" });
  expect((await stopped).code).toBe(0);

  const short = await started("--stop-wait", "0");
  const before = Number((await app.run("run", "notes:count")).out);
  let answered = 0;
  const writers = Array.from({ length: 20 }, async () => {
    for (;;) {
      const answer = await post("/api/mutation", { path: "notes:add", args: { text: "load" } }).catch(() => undefined);
      if (answer?.status !== 200) return answer?.status ?? "refused";
      answered += 1;
    }
  });
  const cut = post("/api/action", { path: "notes:slowly", args: {} });
  await short.until("out", /'part'/u);
  expect((await short.stop("SIGTERM")).code).toBe(0);
  expect(await (await cut).json()).toMatchObject({
    status: "error",
    errorMessage: expect.stringContaining("Server Error"),
  });
  for (const end of await Promise.all(writers)) expect([503, "refused"]).toContain(end);
  const after = await started();
  expect(Number((await app.run("run", "notes:count")).out) - before).toBeGreaterThanOrEqual(answered);
  await after.stop("SIGTERM");
});

const STUCK = `
import { actionGeneric, mutationGeneric, queryGeneric } from "convex/server";
export const query = queryGeneric({ args: {}, handler: async () => { while (true) {} } });
export const mutation = mutationGeneric({ args: {}, handler: async () => { while (true) {} } });
export const action = actionGeneric({ args: {}, handler: async () => { console.log("begun"); while (true) {} } });
export const left = queryGeneric({ args: {}, handler: async () => {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = () => port1.postMessage(0);
  port1.postMessage(0);
} });
export const hangs = actionGeneric({ args: { url: v.string() }, handler: async (ctx, { url }) => { await fetch(url); } });
import { v } from "convex/values";
`;

test.each(["query", "mutation", "left", "action", "hangs"])(
  "SIGTERM ends the server within 5 s while %s does not end, under a load of writes; what was answered is there",
  async (name) => {
    await app.write("convex/stuck.ts", STUCK);
    const silent = createServer(() => undefined).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const command = await started("--push", "--stop-wait", "0");
    const before = Number((await app.run("run", "notes:count")).out);
    let answered = 0;
    const writers = Array.from({ length: 20 }, async () => {
      for (;;) {
        const answer = await post("/api/mutation", { path: "notes:add", args: { text: "load" } }).catch(
          () => undefined,
        );
        if (answer?.status !== 200) return;
        answered += 1;
      }
    });
    const kind = name === "left" ? "query" : name === "hangs" ? "action" : name;
    const args = name === "hangs" ? { url: `http://127.0.0.1:${(silent.address() as AddressInfo).port}` } : {};
    const stuck = post(`/api/${kind}`, { path: `stuck:${name}`, args }).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const fromMs = performance.now();
    expect((await command.stop("SIGTERM")).code).toBe(0);
    expect(performance.now() - fromMs).toBeLessThan(STOP_MS_MAX);
    await Promise.all([stuck, ...writers]);
    silent.close();
    expect(answered).toBeGreaterThan(0);
    await app.write("convex/stuck.ts", "");
    const after = await started();
    expect(Number((await app.run("run", "notes:count")).out) - before).toBeGreaterThanOrEqual(answered);
    await after.stop("SIGTERM");
  },
  STUCK_TEST_MS,
);

test("--cloud-url is what functions and clients see; commands use the local address", async () => {
  await app.write(
    "convex/urls.ts",
    'import { queryGeneric } from "convex/server";\nexport const cloud = queryGeneric({ handler: async () => process.env.CONVEX_CLOUD_URL });\n',
  );
  const command = await started("--push", "--cloud-url", "https://convex.example.com/", "--host", "0.0.0.0");
  expect(await app.run("run", "urls:cloud")).toMatchObject({ code: 0, out: '"https://convex.example.com"\n' });
  const note = JSON.parse(await readFile(join(app.directory, ".narrowcast", "server.json"), "utf8")) as { url: string };
  expect(note.url).toBe(`http://127.0.0.1:${port}`);
  await command.stop("SIGTERM");
  const v6 = await started("--host", "::1");
  expect(await app.run("run", "urls:cloud")).toMatchObject({ out: `"http://[::1]:${port}"\n` });
  await v6.stop("SIGTERM");
});

test("start writes the public address where a build reads it, and the local one for commands", async () => {
  await app.write("package.json", JSON.stringify({ type: "module", devDependencies: { vite: "8" } }));
  const proxied = ["--cloud-url", "https://api.example.com", "--site-url", "https://site.example.com"];
  await (await started("--no-env-file", ...proxied)).stop("SIGTERM");
  await expect(readFile(join(app.directory, ".env.local"), "utf8")).rejects.toThrow("ENOENT");
  await (await started(...proxied)).stop("SIGTERM");
  const lines = (await readFile(join(app.directory, ".env.local"), "utf8")).split("\n");
  expect(lines).toContain("VITE_CONVEX_URL=https://api.example.com");
  expect(lines).toContain("VITE_CONVEX_SITE_URL=https://site.example.com");
  expect(lines).toContain(`CONVEX_SELF_HOSTED_URL=http://127.0.0.1:${port}`);

  // A file that cannot be written is said, and nobody is refused for it.
  await rm(join(app.directory, ".env.local"));
  await mkdir(join(app.directory, ".env.local"));
  const command = await started(...proxied);
  await command.until("err", /Cannot write the addresses to \.env\.local: EISDIR/u);
  await command.stop("SIGTERM");
  await rm(join(app.directory, ".env.local"), { recursive: true });
  await rm(join(app.directory, "package.json"));
});

test.each([
  { options: ["--host", "192.0.2.7"], text: "this machine has no such address" },
  { options: ["--host", "no.such.invalid"], text: "is no address of a machine" },
  { options: ["--port", "65535"], text: "Cannot serve HTTP actions on port 65536: the largest is 65535" },
  { options: ["--cloud-url", "convex.example.com"], text: 'Cannot use --cloud-url "convex.example.com": it is no URL' },
  { options: ["--site-url", "ftp://x"], text: 'Cannot use --site-url "ftp://x": it is no URL' },
])("start $options says in one sentence what is wrong", async ({ options, text }) => {
  const given = options[0] === "--port" ? options : [...ports, ...options];
  const { code, err } = await app.run("start", ...given);
  expect(code).toBe(1);
  expect(err).toContain(text);
  expect(err.trim().split("\n")).toHaveLength(1);
});

test("start --push makes the generated files that functions import, where there are none", async () => {
  const fresh = await AppFolder.make();
  await rm(join(fresh.directory, "convex", "_generated"), { recursive: true, force: true });
  await fresh.write(
    "convex/made.ts",
    `import { query } from "./_generated/server";\nexport const one = query({ args: {}, handler: async () => 1 });\n`,
  );
  const command = fresh.start("start", "--push", ...ports);
  await command.until("out", /Deployment at/u);
  expect(await fresh.run("run", "made:one")).toMatchObject({ code: 0, out: "1\n" });
  await fresh.close();
});

test("what a user can cause has no stack trace", async () => {
  const bare = await AppFolder.make({ hasModules: false });
  const missing = await bare.run("start", "--push", ...ports);
  expect(missing.err).toMatch(/Could not resolve "convex\/[^]*run "npm install" there first/u);
  const blocked = await AppFolder.make();
  await writeFile(join(blocked.directory, ".narrowcast"), "");
  const ended = [
    missing,
    await blocked.run("start", "--push", ...ports),
    await blocked.run("codegen", "--dir", "/dev/null"),
    await app.run("data", "--url", `https://127.0.0.1:${port}`, "--admin-key", "x"),
    await app.run("data", "--url", "nowhere", "--admin-key", "x"),
  ];
  for (const { code, err } of ended) {
    expect(code, err).toBe(1);
    expect(err).not.toMatch(/\n {4}at |defect/u);
  }
  expect(ended.map(({ err }) => err)).toEqual([
    expect.any(String),
    expect.stringContaining("is a file where a folder is needed"),
    expect.any(String),
    expect.stringContaining("Cannot reach the deployment"),
    expect.stringContaining('Cannot use --url "nowhere": it is no URL'),
  ]);
  await Promise.all([bare.close(), blocked.close()]);
});

test("a TLS failure says that it is one", async () => {
  const command = await started();
  const { code, err } = await app.run("data", "--url", `https://127.0.0.1:${port}`, "--admin-key", "x");
  expect(code).toBe(1);
  expect(err).toMatch(/Cannot reach the deployment at "https:.*": TLS failed \(/u);
  await command.stop("SIGTERM");
});

test.each(["deploy", "export", "init", "dashboard", "import"])("%s points to what there is", async (name) => {
  const { code, err } = await app.run(name, "--help");
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`^Cannot ${name}: Narrowcast has no such command; `, "u"));
});
