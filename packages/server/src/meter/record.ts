/**
 * What the meter is told: one record per execution, and small notes for what cost nothing or happened elsewhere.
 *
 * `documents` are rows really visited in the engine, `convexDocuments` is what the same run counts by Convex's rules,
 * where every document read counts each time.
 *
 * Not here: who makes them (`core/core-meter.ts`), adding them up (`ledger.ts`).
 *
 * @module
 */
import type { FunctionAddress, TableAddress } from "@narrowcast/values";

/** Who made a run necessary, and through what its commit touched the run; the same object for every commit of the same kind. */
export interface CommitCause {
  /** The function that wrote, or `deployment`. */
  readonly writer: string;
  /** null when it was no document but a name, such as an environment variable. */
  readonly table: TableAddress | null;
  readonly index: string;
  readonly change: "insert" | "update" | "delete" | "name";
  /** Top-level fields that an update changed. */
  readonly fields: readonly string[];
  /** All of that in one text, see `cause-path.ts`; made once for all runs that one change touched. */
  readonly causePath: string;
}

/** What one run did with one table. */
export interface TableUse {
  readonly table: TableAddress;
  readonly documents: number;
  readonly bytes: number;
  readonly convexDocuments: number;
  readonly convexBytes: number;
  readonly documentsWritten: number;
  readonly bytesWritten: number;
}

/** What one execution read and wrote. All in documents or bytes. */
export interface RunUsage {
  readonly documents: number;
  readonly bytes: number;
  readonly convexDocuments: number;
  readonly convexBytes: number;
  /** Index keys of the rows that scans went over, by Convex's rules. */
  readonly convexKeyBytes: number;
  readonly documentsWritten: number;
  readonly bytesWritten: number;
  /** Patches and replaces that changed nothing: the write cut-off. */
  readonly unchangedWrites: number;
  readonly tables: readonly TableUse[];
}

/** Which request a run answers: the unit of "per subscription". */
export interface MeterRequest extends FunctionAddress {
  /** Path, arguments and, where it matters, identity; unique and short. */
  readonly key: string;
  /** The same for people: arguments abbreviated, identity hashed. */
  readonly label: string;
  /** Of the ledger: where the request was charged last. For requests that are asked again and again as the same object. */
  lines?: object | undefined;
}

/** One execution. */
export interface RunRecord {
  readonly atMs: number;
  readonly request: MeterRequest;
  readonly kind: "query" | "mutation" | "action" | "http";
  /** Who asked: `Subscription`, `SyncWebsocket`, `HttpApi`, `HttpEndpoint`, `Cron`, `Scheduler`, `Action`, `Tester`. */
  readonly caller: string;
  /** For a repeated run of a subscription: why. */
  readonly cause: CommitCause | null;
  /** Timestamp of the commit that is the cause; 0 when there is none, or when what changed was no document. */
  readonly causeTs: number;
  /** Somebody is subscribed to its result: it has a line of its own. */
  readonly isSubscribed: boolean;
  /** The first run of a subscription; its reads are shown apart. */
  readonly isFirst: boolean;
  /** Its result equals the one before, so nothing is sent: the result cut-off. */
  readonly isUnchanged: boolean;
  /** Queries of sockets and one-shot calls that it answers: Convex bills a call for each. */
  readonly askers: number;
  readonly usage: RunUsage;
  readonly resultBytes: number;
  readonly userMs: number;
  readonly isError: boolean;
}

/** A live query that a change touched and that was not run again, because its result cannot differ. */
export interface CutOffRecord {
  readonly request: MeterRequest;
  readonly cause: CommitCause;
  readonly by: "node" | "field";
  readonly askers: number;
  /** Of its last execution: what Convex would have spent again. */
  readonly usage: RunUsage;
}

/** Bytes that went to clients for one request. */
export interface SentRecord {
  readonly request: MeterRequest;
  readonly bytes: number;
  /** What the whole values would have been. */
  readonly convexBytes: number;
  /** Updates of one socket each. */
  readonly sends: number;
}
