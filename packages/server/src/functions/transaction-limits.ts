/**
 * `transactionLimits` of `ctx.runQuery` and `ctx.runMutation`: how much the called function may use at most, together with what it calls.
 *
 * Over them the call throws, and what it wrote is undone, as with any error; the caller goes on with its own limits.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { OwnLimits } from "../tx/types.ts";
import type { FileUsage } from "./file-usage.ts";
import type { Run } from "./run.ts";

/** Names as developers write them, which are those of `ctx.meta.getTransactionMetrics()`. */
const TRANSACTION = {
  bytesRead: "bytesReadMax",
  bytesWritten: "bytesWrittenMax",
  databaseQueries: "rangesReadMax",
  documentsRead: "documentsReadMax",
  documentsWritten: "documentsWrittenMax",
  functionsScheduled: "functionsScheduledMax",
  scheduledFunctionArgsBytes: "scheduledArgsBytesMax",
} as const satisfies { readonly [name: string]: keyof OwnLimits };
const FILES = {
  filesWritten: "filesWrittenMax",
  fileWriteBytes: "fileWriteBytesMax",
  filesRead: "filesReadMax",
  fileReadBytes: "fileReadBytesMax",
} as const satisfies { readonly [name in keyof FileUsage]: keyof Limits };

/** Puts the limits that a caller wants for a nested call in force. @returns What takes them back. @throws {Error} If they are none. */
export function limitCall(run: Run, wanted: unknown): () => void {
  const given = parse(wanted);
  // Whether the call comes to its end depends on more of what it reads than it looks at.
  run.tx.noteUsageSeen();
  const own: { -readonly [Name in keyof OwnLimits]: number } = {};
  const before = run.fileLimits;
  const fileLimits: { -readonly [Name in keyof Limits]: Limits[Name] } = { ...before };
  for (const [name, limit] of given) {
    if (isFileName(name)) fileLimits[FILES[name]] = Math.min(before[FILES[name]], run.fileUsage[name] + limit);
    else own[TRANSACTION[name]] = limit;
  }
  run.fileLimits = fileLimits;
  const release = run.tx.limitTo(own);
  return () => {
    release();
    run.fileLimits = before;
  };
}

type Name = keyof typeof TRANSACTION | keyof typeof FILES;

function parse(wanted: unknown): readonly (readonly [Name, number])[] {
  if (typeof wanted !== "object" || wanted === null) {
    throw new Error("Cannot limit a call: `transactionLimits` should be an object");
  }
  const limits: [Name, number][] = [];
  for (const [name, limit] of Object.entries(wanted) as [string, unknown][]) {
    if (limit === undefined) continue;
    if (!(name in TRANSACTION) && !(name in FILES)) {
      const names = [...Object.keys(TRANSACTION), ...Object.keys(FILES)].join(", ");
      throw new Error(`Cannot limit a call: \`transactionLimits.${name}\` is no limit; should be one of ${names}`);
    }
    if (typeof limit !== "number" || !(limit >= 0)) {
      throw new Error(
        `Cannot limit a call: \`transactionLimits.${name}\` is ${JSON.stringify(limit)}; should be a number from 0 on`,
      );
    }
    limits.push([name as Name, limit]);
  }
  return limits;
}

function isFileName(name: Name): name is keyof typeof FILES {
  return name in FILES;
}
