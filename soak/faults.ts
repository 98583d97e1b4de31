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

/** One fault in so many chances. */
const ONE_IN = 12;
/** Of the log's end, at each start after the first. */
const BYTES_FORGOTTEN = 3_000;

function everyNth(): () => boolean {
  let count = 0;
  return () => {
    count += 1;
    return count % ONE_IN === 0;
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
  writeFileSync(file, bytes.subarray(0, Math.max(0, end - BYTES_FORGOTTEN)));
}

/** A mutation that a client sends again, because it heard nothing, happens again. */
function runAgain(): void {
  const receive = Core.prototype.receive;
  Core.prototype.receive = function (batch) {
    receive.call(
      this,
      batch.map((message) => (message.type === "mutation" ? { ...message, dedupe: null } : message)),
    );
  };
}

/** Some commits wake no query: what is held stays, though it is old. */
function sleepOn(): void {
  const isChosen = everyNth();
  const apply = Reactor.prototype.applyCommit;
  Reactor.prototype.applyCommit = function (commit) {
    return isChosen() ? 0 : apply.call(this, commit);
  };
}

/** What a nested mutation wrote stays when it fails. */
function keepWrites(): void {
  DatabaseTransaction.prototype.rollbackTo = () => undefined;
}

/** Some reads find what a document was before its last change. */
function readOld(): void {
  const isChosen = everyNth();
  const former = new WeakMap<object, Map<string, unknown>>();
  const { get, put } = DiskEngine.prototype;
  DiskEngine.prototype.put = function (write) {
    const kept = former.get(this) ?? new Map<string, unknown>();
    former.set(this, kept);
    const before: unknown = get.call(this, write.collection, write.key);
    if (before !== undefined) kept.set(`${write.collection} ${write.key}`, before);
    put.call(this, write);
  };
  DiskEngine.prototype.get = function (collection, key) {
    const before = former.get(this)?.get(`${collection} ${key}`);
    return before !== undefined && isChosen() ? before : get.call(this, collection, key);
  };
}

/** By name; each is told the folder of the store. */
export const FAULTS: { readonly [name: string]: (directory: string) => void } = {
  "what was acknowledged last is gone after a kill": forgetTail,
  "a mutation that is sent again happens again": runAgain,
  "some commits wake no query": sleepOn,
  "writes of a nested mutation stay when it fails": keepWrites,
  "some reads are old": readOld,
};
