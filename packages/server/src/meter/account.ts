/**
 * Accounts: sums of records, as plain numbers that add up.
 *
 * One account holds both sides: what was done here, and (fields that begin with `convex`) what the same events cost by
 * Convex's rules. What both sides have in common, such as writes, is there once.
 *
 * @module
 */
import type { CutOffRecord, RunRecord, SentRecord, TableUse } from "./record.ts";

/** See the module comment. All monotone. */
export interface Account {
  /** Executions. */
  runs: number;
  /** Of those, first runs of a subscription. */
  firstRuns: number;
  /** Of those, repeated because of a commit. */
  reruns: number;
  /** Requests answered without an execution. */
  answers: number;
  errors: number;
  /** Function calls by our rules: a repeated run is one, however many clients hold it. */
  calls: number;
  /** Patches and replaces that changed nothing. */
  writeCutOffs: number;
  nodeCutOffs: number;
  fieldCutOffs: number;
  /** Repeated runs with an equal result. */
  resultCutOffs: number;
  /** Rows visited in the engine, first runs included. */
  documents: number;
  bytes: number;
  keyBytes: number;
  firstDocuments: number;
  firstBytes: number;
  documentsWritten: number;
  bytesWritten: number;
  keyBytesWritten: number;
  resultBytes: number;
  /** Updates of one socket each. */
  sends: number;
  bytesSent: number;
  userMs: number;
  convexCalls: number;
  convexDocuments: number;
  convexBytes: number;
  convexKeyBytes: number;
  convexFirstDocuments: number;
  convexFirstBytes: number;
  convexBytesSent: number;
}

export function newAccount(): Account {
  return {
    runs: 0,
    firstRuns: 0,
    reruns: 0,
    answers: 0,
    errors: 0,
    calls: 0,
    writeCutOffs: 0,
    nodeCutOffs: 0,
    fieldCutOffs: 0,
    resultCutOffs: 0,
    documents: 0,
    bytes: 0,
    keyBytes: 0,
    firstDocuments: 0,
    firstBytes: 0,
    documentsWritten: 0,
    bytesWritten: 0,
    keyBytesWritten: 0,
    resultBytes: 0,
    sends: 0,
    bytesSent: 0,
    userMs: 0,
    convexCalls: 0,
    convexDocuments: 0,
    convexBytes: 0,
    convexKeyBytes: 0,
    convexFirstDocuments: 0,
    convexFirstBytes: 0,
    convexBytesSent: 0,
  };
}

/** Names of all fields, in the order in which they are shown. */
export const ACCOUNT_FIELDS = Object.freeze(Object.keys(newAccount())) as readonly (keyof Account)[];

/** Adds `more` to `account`. */
export function addAccount(account: Account, more: Readonly<Account>): void {
  for (const field of ACCOUNT_FIELDS) account[field] += more[field];
}

/** Gives what came to `before` to make it `after`. */
export function subtractAccount(after: Readonly<Account>, before: Readonly<Account>): Account {
  const difference = newAccount();
  for (const field of ACCOUNT_FIELDS) difference[field] = after[field] - before[field];
  return difference;
}

/** Hot: every execution comes here several times; guarded by `core/meter.bench.ts`. */
export function chargeRun(account: Account, record: RunRecord): void {
  const { usage, askers, isFirst, cause } = record;
  account.runs += 1;
  if (isFirst) account.firstRuns += 1;
  if (cause !== null) account.reruns += 1;
  if (record.isError) account.errors += 1;
  if (record.isUnchanged) account.resultCutOffs += 1;
  // By both rules each first asker is a call. A repetition is one call here, and one for each asker by Convex's rules.
  account.calls += cause === null ? askers : 1;
  account.convexCalls += askers;
  account.writeCutOffs += usage.unchangedWrites;
  account.documents += usage.documents;
  account.bytes += usage.bytes;
  account.keyBytes += keyBytesOf(usage);
  account.convexDocuments += usage.convexDocuments;
  account.convexBytes += usage.convexBytes;
  account.convexKeyBytes += usage.convexKeyBytes;
  if (isFirst) {
    account.firstDocuments += usage.documents;
    account.firstBytes += usage.bytes;
    account.convexFirstDocuments += usage.convexDocuments;
    account.convexFirstBytes += usage.convexBytes;
  }
  account.documentsWritten += usage.documentsWritten;
  account.bytesWritten += usage.bytesWritten;
  account.resultBytes += record.resultBytes;
  account.userMs += record.userMs;
}

/** Keys are counted by Convex's rules only; rows really visited have their share of them. */
function keyBytesOf({ documents, convexDocuments, convexKeyBytes }: RunRecord["usage"]): number {
  if (documents >= convexDocuments) return convexKeyBytes;
  return Math.round((convexKeyBytes * documents) / convexDocuments);
}

/** Charges an answer that needed no execution: by both rules it is a call, and it reads nothing. */
export function chargeAnswer(account: Account): void {
  account.answers += 1;
  account.calls += 1;
  account.convexCalls += 1;
}

/** Charges a run that was not repeated: nothing here, the whole run by Convex's rules. */
export function chargeCutOff(account: Account, { by, askers, usage }: CutOffRecord): void {
  if (by === "node") account.nodeCutOffs += 1;
  else account.fieldCutOffs += 1;
  account.convexCalls += askers;
  account.convexDocuments += usage.convexDocuments;
  account.convexBytes += usage.convexBytes;
  account.convexKeyBytes += usage.convexKeyBytes;
}

export function chargeSent(account: Account, { bytes, convexBytes, sends }: SentRecord): void {
  account.bytesSent += bytes;
  account.convexBytesSent += convexBytes;
  account.sends += sends;
}

/** Charges what one run did with one table. */
export function chargeTable(account: Account, reads: TableUse): void {
  account.documents += reads.documents;
  account.bytes += reads.bytes;
  account.convexDocuments += reads.convexDocuments;
  account.convexBytes += reads.convexBytes;
  account.documentsWritten += reads.documentsWritten;
  account.bytesWritten += reads.bytesWritten;
}

/** Charges what a cut-off spared of one table. */
export function chargeSparedReads(account: Account, reads: TableUse): void {
  account.convexDocuments += reads.convexDocuments;
  account.convexBytes += reads.convexBytes;
}
