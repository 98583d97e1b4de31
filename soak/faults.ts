/**
 * A server that is wrong in one way, to see that the checker finds it: methods of the classes inside are replaced before it starts.
 *
 * A fault holds for servers without threads only, since threads have classes of their own.
 *
 * @module
 */
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Core, DatabaseTransaction, DiskEngine, Reactor } from "@narrowcast/server/testing";

/** One read in so many is old. */
const OLD_READS = 12;
/** So many commits in a row wake nobody, then as many do: one alone would be made good by the next before anybody could know. */
const SILENT_COMMITS = 50;
/** Of the log's end, at each start after the first. */
const BYTES_FORGOTTEN = 3_000;

function everyNth(n: number): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % n === 0;
  };
}

/** The disk lies: what was acknowledged last is not there after a kill. */
function forgetTail(directory: string): void {
  const folder = join(directory, "log");
  if (!existsSync(folder)) return;
  const newest = readdirSync(folder)
    .filter((name) => name.endsWith(".log"))
    .toSorted()
    .at(-1);
  if (newest === undefined) return;
  const file = join(folder, newest);
  const bytes = readFileSync(file);
  // Space of the file that is not written yet is zero.
  const end = bytes.findLastIndex((byte) => byte !== 0) + 1;
  writeFileSync(file, bytes.fill(0, Math.max(0, end - BYTES_FORGOTTEN)));
}

/** A mutation that a client sends again, because it heard nothing, happens again. */
function runAgain(): void {
  around(Core.prototype, "receive", ([batch], go) =>
    go(batch.map((message) => (message.type === "mutation" ? { ...message, dedupe: null } : message))),
  );
}

/** Some commits wake no query: what is held stays, though it is old. */
function sleepOn(): void {
  let count = 0;
  around(Reactor.prototype, "applyCommit", ([commit], go) => {
    count += 1;
    return count % (2 * SILENT_COMMITS) < SILENT_COMMITS ? 0 : go(commit);
  });
}

/** What a nested mutation wrote stays when it fails. */
function keepWrites(): void {
  around(DatabaseTransaction.prototype, "rollbackTo", () => undefined);
}

/** Some reads find what a document was before its last change. */
function readOld(): void {
  const isChosen = everyNth(OLD_READS);
  const former = new Map<string, unknown>();
  around(DiskEngine.prototype, "put", ([write], go, engine) => {
    const before = engine.get(write.collection, write.key);
    if (before !== undefined) former.set(`${write.collection} ${write.key}`, before);
    go(write);
  });
  around(DiskEngine.prototype, "get", ([collection, key], go) => {
    const before = former.get(`${collection} ${key}`);
    return before !== undefined && isChosen() ? before : go(collection, key);
  });
}

/** Names of a class's methods. */
type Methods<T> = { [K in keyof T]: T[K] extends (...args: never) => unknown ? K : never }[keyof T];
type Method<T, K extends keyof T> = Extract<T[K], (...args: never) => unknown>;

/** Puts `wrapped` around a method of all objects of a class; it gets the arguments, the method, and the object. */
function around<T extends object, K extends Methods<T>>(
  prototype: T,
  name: K,
  wrapped: (
    args: Parameters<Method<T, K>>,
    go: (...args: Parameters<Method<T, K>>) => ReturnType<Method<T, K>>,
    self: T,
  ) => ReturnType<Method<T, K>>,
): void {
  const method = Reflect.get(prototype, name) as Method<T, K>;
  const value = function (this: T, ...args: Parameters<Method<T, K>>): ReturnType<Method<T, K>> {
    return wrapped(args, (...given) => Reflect.apply(method, this, given) as ReturnType<Method<T, K>>, this);
  };
  Object.defineProperty(prototype, name, { value });
}

/** By name; each is told the folder of the store. */
export const FAULTS: { readonly [name: string]: (directory: string) => void } = {
  "what was acknowledged last is gone after a kill": forgetTail,
  "a mutation that is sent again happens again": runAgain,
  "some commits wake no query": sleepOn,
  "writes of a nested mutation stay when it fails": keepWrites,
  "some reads are old": readOld,
};
