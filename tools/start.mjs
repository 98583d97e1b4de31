/**
 * `npm start [-- app]`: one of the apps with demo data on the embedded store, its page, and whatever runs beside it; the orchestrator unless
 * another one is named.
 *
 *   npm start -- registry
 *   npm start -- chat --port 4210 --page-port 4300 --dir ../demo
 *
 * What is the app's own (data, variables, processes) its `demo.mjs` says.
 *
 * Plain JavaScript, because it runs before anything is installed or built. Ctrl-C stops everything; data stays.
 *
 * @module
 */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { ensureBuilt, ensureInstalled, ROOT, run } from "./install.mjs";

const READY_MS = 60_000;
const APPS = join(ROOT, "apps");
const DEFAULT_APP = "orchestrator";

const { values, positionals } = readArguments({
  allowPositionals: true,
  options: {
    help: { type: "boolean", short: "h", default: false },
    port: { type: "string", default: "3210" },
    "page-port": { type: "string", default: "3200" },
    /** Where the demo's deployment lives; the app's own folder unless said otherwise. */
    dir: { type: "string" },
  },
});
if (values.help) {
  process.stdout.write(
    `npm start [-- <app>] [--port 3210] [--page-port 3200] [--dir <folder>]\n\nServes one of the apps with demo data, and its page: ${appNames().join(", ")}; ${DEFAULT_APP} unless another one is named.\n`,
  );
  process.exit(0);
}
const name = positionals[0] ?? DEFAULT_APP;
const APP = join(APPS, name);
if (!existsSync(join(APP, "demo.mjs"))) unknownApp();
const demo = await import(pathToFileURL(join(APP, "demo.mjs")).href);
const port = Number(values.port);
const pagePort = Number(values["page-port"]);
const directory = values.dir === undefined ? APP : resolve(values.dir);
const url = `http://127.0.0.1:${port}`;
/** The deployment's address is built into the page, so a demo in another folder has a page of its own. */
const pageFolder = directory === APP ? join(APP, "dist") : join(directory, "page");
const children = [];
let isStopping = false;

ensureInstalled();
ensureBuilt();
prepareFolder();
buildPage();
const server = start("server", "packages/cli/dist/main.js", [
  "dev",
  "--dir",
  directory,
  "--port",
  String(port),
  "--allow-unsupported",
]);
await ready(server, "functions ready");
const adminKey = await cli("keys");
await setEnvironment();
await demoData();
await demo.processes?.({ url, siteUrl: `http://127.0.0.1:${port + 1}`, directory, start });
const page = await servePage();
process.stdout.write(`
  ${demo.title}
  page         ${page}${(demo.notes ?? []).map((note) => `   (${note})`).join("")}
  deployment   ${url}
  functions    ${join(directory, "convex")}

Ctrl-C stops everything; the data stays in ${join(directory, ".narrowcast")}.

`);

/** Another folder gets a copy of the functions, so that its data does not touch the app's own. */
function prepareFolder() {
  if (directory === APP) return;
  mkdirSync(directory, { recursive: true });
  cpSync(join(APP, "convex"), join(directory, "convex"), { recursive: true });
  cpSync(join(APP, "package.json"), join(directory, "package.json"));
  const modules = join(directory, "node_modules");
  if (!existsSync(modules)) symlinkSync(join(ROOT, "node_modules"), modules, "junction");
}

function buildPage() {
  const out = ["--outDir", pageFolder, "--emptyOutDir"];
  run("node", [join(ROOT, "node_modules/vite/bin/vite.js"), "build", "--logLevel", "warn", ...out], {
    cwd: APP,
    env: { ...process.env, ...demo.pageEnvironment, VITE_CONVEX_URL: url },
  });
}

/** Variables that the deployment has already stay as they are. */
async function setEnvironment() {
  const { environmentVariables } = await request("GET", "/api/list_environment_variables");
  const changes = Object.entries(demo.environment ?? {})
    .filter(([variable]) => environmentVariables[variable] === undefined)
    .map(([variable, value]) => ({ name: variable, value }));
  if (changes.length > 0) await request("POST", "/api/update_environment_variables", { changes });
}

/** Written once: the function sees that its data is there. */
async function demoData() {
  if (demo.seed === undefined) return;
  const result = await request("POST", "/api/function", { path: demo.seed.path, args: demo.seed.args });
  if (result.status !== "success") await fail(`Cannot load the demo data: ${result.errorMessage}`);
}

async function request(method, path, body) {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Convex ${adminKey}`, "Content-Type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) await fail(`Cannot set up the demo: ${path} answered ${response.status} ${text}`);
  return text === "" ? null : JSON.parse(text);
}

/** Output of one command of the `narrowcast` CLI. */
async function cli(...args) {
  const child = spawn("node", [join(ROOT, "packages/cli/dist/main.js"), "--dir", directory, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  for await (const chunk of child.stdout) text += chunk;
  return text.trim();
}

function start(name, script, args, env = {}) {
  const child = spawn("node", [script, ...args], {
    cwd: ROOT,
    env: { ...env, ...process.env },
    stdio: ["ignore", "pipe", "pipe"],
    // Its own group: Ctrl-C reaches it through us, once, in order.
    detached: true,
  });
  children.push(child);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text) => process.stdout.write(text.replaceAll(/^(?=.)/gm, `${name}  `)));
  }
  child.on("exit", (code) => {
    if (!isStopping) void fail(`The ${name} ended with ${code}`);
  });
  return child;
}

async function ready(child, words) {
  await new Promise((done) => {
    const timer = setTimeout(() => void fail(`Cannot start: the server did not say "${words}" in time`), READY_MS);
    child.stdout.on("data", (text) => {
      if (!text.includes(words)) return;
      clearTimeout(timer);
      done();
    });
  });
}

async function servePage() {
  const { default: sirv } = await import("sirv");
  const serve = sirv(pageFolder, { single: true });
  const http = createServer((incoming, response) => serve(incoming, response));
  await new Promise((done, failed) => {
    http.once("error", failed);
    http.listen(pagePort, "127.0.0.1", done);
  }).catch((error) => fail(`Cannot serve the page on port ${pagePort}: ${error.message}; choose one with --page-port`));
  return `http://127.0.0.1:${http.address().port}`;
}

function readArguments(options) {
  try {
    return parseArgs(options);
  } catch (error) {
    process.stderr.write(`Cannot start: ${error.message.split(". ")[0]}; "npm start -- --help" says what there is\n`);
    return process.exit(1);
  }
}

function appNames() {
  return readdirSync(APPS).filter((app) => existsSync(join(APPS, app, "demo.mjs")));
}

function unknownApp() {
  process.stderr.write(`Cannot start "${name}": there is no such app; there are ${appNames().join(", ")}\n`);
  process.exit(1);
}

/** Says why and ends everything; whoever waits for it goes no further. */
async function fail(message) {
  process.stderr.write(`${message}\n`);
  await stop(1);
  await new Promise(() => undefined);
}

async function stop(code) {
  if (isStopping) return;
  isStopping = true;
  // The runner first: it reports its jobs to the server.
  for (const child of children.toReversed()) {
    if (child.exitCode !== null) continue;
    child.kill("SIGTERM");
    await new Promise((done) => {
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      child.once("exit", () => {
        clearTimeout(timer);
        done();
      });
    });
  }
  process.exit(code);
}

for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => void stop(0));
