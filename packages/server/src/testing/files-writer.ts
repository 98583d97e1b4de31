/**
 * A process that uploads, stores and deletes files on a store with the files app, several at once, until it is killed.
 *
 * Prints `+ <id> <sha256>` when a file is stored, `? <id>` before it asks for a deletion, and `- <id>` when that is done.
 *
 * @module
 */
import { createHash, randomBytes, randomInt } from "node:crypto";
import { writeSync } from "node:fs";
import { startDeployment } from "../host/deployment.ts";
import { filesWorld } from "./files-app.ts";

const PARALLEL = 4;

const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };
const directory = process.argv[2] ?? "";
const world = filesWorld(await startDeployment({ ...urls, directory, threads: false }));
const stored: string[] = [];

async function store(): Promise<void> {
  const isText = randomInt(3) === 0;
  const bytes = isText ? Buffer.from(randomBytes(randomInt(5_000)).toString("hex")) : randomBytes(randomInt(200_000));
  const id: string = isText ? await world.mutation("store", { text: String(bytes) }) : await world.upload(bytes);
  stored.push(id);
  writeSync(1, `+ ${id} ${createHash("sha256").update(bytes).digest("base64")}\n`);
}

async function remove(): Promise<void> {
  const [id] = stored.splice(randomInt(stored.length), 1);
  writeSync(1, `? ${id}\n`);
  await world.mutation("remove", { id: id ?? "" });
  writeSync(1, `- ${id}\n`);
}

async function work(): Promise<void> {
  for (;;) await (stored.length > 5 && randomInt(2) === 0 ? remove() : store());
}

await Promise.all(Array.from({ length: PARALLEL }, work));
