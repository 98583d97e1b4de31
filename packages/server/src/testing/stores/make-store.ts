/**
 * Makes a store as this release writes it, and writes down what it answers. See `README.md` beside it.
 *
 * Half of the store is in its base, the rest only in its log, as a process leaves it that is killed.
 *
 * @module
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeDocument, encodeDocument, parseValue, stringifyValue, type Doc, type Value } from "@narrowcast/values";
import type { DiskEngine } from "../../engine/disk-engine.ts";
import { openDiskEngine } from "../../engine/open-disk-engine.ts";
import { startDeployment } from "../../host/deployment.ts";
import { openTestDeployment } from "../../kit/test-deployment.ts";
import type { Deployment } from "../../protocol/deployment-types.ts";
import { VirtualClock } from "../../protocol/virtual-clock.ts";

const [folder = ""] = process.argv.slice(2);
if (folder === "") throw new Error("Cannot make a store: name a new folder for it, and for its answers");
mkdirSync(folder);

const APP = join(import.meta.dirname, "app/convex");
const FILE_TEXT = "the bytes of a file";
const SESSION = "5a2d1d6e-7a0b-4c53-9f0e-0f6f3f3e9b10";
const directory = join(folder, "store");
const clock = new VirtualClock(Date.UTC(2026, 10, 30, 12));
const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
let requests = 0;

/** What the store must answer: `value` is the text of a result. */
const answers: { readonly kind: "query" | "session"; readonly path: string; readonly args: string; value: string }[] =
  [];

function engineOf(isKept: boolean): DiskEngine<Doc> {
  return openDiskEngine<Doc>({
    directory,
    codec: { encode: encodeDocument, decode: decodeDocument },
    segmentBytes: 64 * 1024,
    checkpointDelayMs: Number.POSITIVE_INFINITY,
    checkpointOnClose: isKept,
  });
}

async function call(deployment: Deployment, kind: "query" | "mutation", path: string, args: Value, request?: number) {
  const outcome = await deployment[kind]({
    path,
    args: stringifyValue(args),
    identity: { kind: "none", key: "", attributes: null },
    allowInternal: false,
    requestId: "0000000000000000",
    ...(request === undefined ? {} : { session: { sessionId: SESSION, requestId: request } }),
  });
  if (!outcome.ok) throw new Error(outcome.errorMessage);
  return outcome.value;
}

/** A mutation of the session, written down. */
async function send(deployment: Deployment, path: string, args: Value): Promise<string> {
  const value = await call(deployment, "mutation", path, args, requests++);
  answers.push({ kind: "session", path, args: stringifyValue(args), value });
  return parseValue(value) as string;
}

async function ask(deployment: Deployment, path: string, args: Value = {}): Promise<Value> {
  const value = await call(deployment, "query", path, args);
  answers.push({ kind: "query", path, args: stringifyValue(args), value });
  return parseValue(value);
}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

async function upload(deployment: Deployment, text: string, contentType: string | null): Promise<string> {
  const url = parseValue(await call(deployment, "mutation", "items:uploadUrl", {})) as string;
  const token = new URL(url).searchParams.get("token") ?? "";
  const outcome = await deployment.files.upload({ token, contentType, sha256: null, bytes: once(text) });
  if (!outcome.ok) throw new Error(outcome.message);
  return outcome.storageId;
}

const first = engineOf(true);
const app = await openTestDeployment(APP, { ...urls, directory, clock, home: { engine: first } });
await app.setEnvironment({ GREETING: "hello", REMOVED: "soon" });
const garden = await send(app.deployment, "items:addList", { name: "garden", rank: 9_007_199_254_740_993n });
const attic = await send(app.deployment, "items:addList", { name: "attic — Ünïcode 🪜", rank: -1n });
const rake = await send(app.deployment, "items:add", { list: garden, text: "rake", weight: -0 });
const blob = new Uint8Array([0, 1, 254, 255]).buffer;
const chest = { list: attic, text: "chest", weight: Number.NaN, blob, place: { shelf: null, box: [1, 2.5] } };
await send(app.deployment, "items:add", chest);
for (let number = 1; number <= 5; number += 1) {
  const place = { shelf: `shelf ${number % 2}`, box: [] };
  await send(app.deployment, "items:add", { list: attic, text: `book ${number}`, weight: number / 3, place });
}
const file = await upload(app.deployment, FILE_TEXT, "text/plain");
await send(app.deployment, "items:cover", { list: garden, file });
const gone = await upload(app.deployment, "the bytes of a file that goes", null);
await send(app.deployment, "items:schedule", { text: "first" });
await app.advance(60_000);
await app.close();
await first.close();

const second = engineOf(false);
const deployment = await startDeployment({ ...urls, threads: false, directory, clock, home: { engine: second } });
await deployment.setEnvironment([
  { name: "GREETING", value: "good morning" },
  { name: "REMOVED", value: null },
]);
await send(deployment, "items:finish", { id: rake });
const lost = await send(deployment, "items:add", { list: garden, text: "a thing that is removed", weight: 1 });
await send(deployment, "items:remove", { id: lost });
await send(deployment, "items:add", { list: garden, text: "spade", weight: 2 });
await call(deployment, "mutation", "items:add", { list: garden, text: "added without a session", weight: 3 });
await call(deployment, "mutation", "items:dropFile", { file: gone });

for (const path of ["all", "names", "lists", "notes", "jobs", "files", "greeting"]) {
  await ask(deployment, `items:${path}`);
}
for (const list of [garden, attic]) await ask(deployment, "items:open", { list });
for (const shelf of ["shelf 0", "shelf 1", null]) await ask(deployment, "items:onShelf", { shelf });
for (const id of [garden, rake, lost, file]) await ask(deployment, "items:normalized", { id });
let cursor: Value = null;
for (let isDone = false; !isDone;) {
  const page = (await ask(deployment, "items:page", { paginationOpts: { numItems: 3, cursor } })) as {
    readonly continueCursor: string;
    readonly isDone: boolean;
  };
  ({ continueCursor: cursor, isDone } = page);
}
const environment = await deployment.environment();
const analysis = await deployment.analysis();
const functions = analysis.functions.map(({ path, kind, visibility }) => `${visibility} ${kind} ${path}`);
await deployment.close();
await second.close();

const facts = { nowMs: clock.nowMs(), session: SESSION, environment, functions, crons: analysis.crons };
writeFileSync(join(folder, "answers.json"), `${JSON.stringify({ ...facts, fileBytes: FILE_TEXT, answers })}\n`);
