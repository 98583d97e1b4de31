/**
 * Frames of the sync protocol as JSON text, built from pieces that many sockets share.
 *
 * A result is turned into text once, whoever is sent it: values arrive as JSON text already, and the text around them
 * is kept with the result object for as long as it lives.
 *
 * Not here: when a frame is sent (`session.ts`).
 *
 * @module
 */
import { tsToWire, type Ts } from "@narrowcast/values";
import type { RunResult } from "../protocol/live-types.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import type { SocketDeltas } from "./socket-deltas.ts";

const UTF8_BYTES_MAX = 3;

/** What a socket has been brought to. */
export interface Version {
  readonly querySet: number;
  readonly identity: number;
  readonly ts: Ts;
}

/** Everything a `Transition` says. `undefined` as a result removes the query. */
export interface TransitionParts {
  readonly start: Version;
  readonly end: Version;
  readonly changes: ReadonlyMap<number, RunResult | undefined>;
  /** Client clock minus server clock in milliseconds, when the client told its clock. */
  readonly clockSkewMs: number | undefined;
  /** Nanoseconds since the epoch at which the frame is built. */
  readonly serverTs: number;
  /** Says what changed instead of the whole, for a client that reads that. */
  readonly deltas?: SocketDeltas | undefined;
  /** Observes the bytes of each result as sent, and as a whole value; `null` for what is around them. */
  readonly onSize?: ((queryId: number | null, bytes: number, wholeBytes: number) => void) | undefined;
}

/** Text of a result without its query id: the part that sockets share. */
const resultTails = new WeakMap<RunResult, string>();
const resultBytes = new WeakMap<RunResult, number>();

export function transitionFrame(parts: TransitionParts): string {
  const modifications: string[] = [];
  const { onSize } = parts;
  let chars = 0;
  for (const [queryId, result] of parts.changes) {
    const delta = parts.deltas?.modification(queryId, result);
    const text = delta ?? modification(queryId, result);
    modifications.push(text);
    if (onSize === undefined || result === undefined) continue;
    chars += text.length;
    const wholeBytes = bytesOf(result) + String(queryId).length;
    onSize(queryId, delta === undefined ? wholeBytes : Buffer.byteLength(delta), wholeBytes);
  }
  const skew =
    parts.clockSkewMs === undefined ? "" : `,"clientClockSkew":${parts.clockSkewMs},"serverTs":${parts.serverTs}`;
  const frame = `{"type":"Transition","startVersion":${versionText(parts.start)},"endVersion":${versionText(parts.end)},"modifications":[${modifications.join(",")}]${skew}}`;
  onSize?.(null, frame.length - chars, frame.length - chars);
  return frame;
}

/** What is before the query id in a modification, and the comma after it. */
const UPDATED_BYTES = `{"type":"QueryUpdated","queryId":,`.length;
const FAILED_BYTES = `{"type":"QueryFailed","queryId":,`.length;

/** Bytes of a result sent as a whole, without the query id; counted once however many sockets are sent it. */
function bytesOf(result: RunResult): number {
  let bytes = resultBytes.get(result);
  if (bytes === undefined) {
    bytes = result.ok
      ? UPDATED_BYTES + Buffer.byteLength(result.value) + Buffer.byteLength(resultTail({ ...result, value: "" }))
      : FAILED_BYTES + Buffer.byteLength(resultTail(result));
    resultBytes.set(result, bytes);
  }
  return bytes;
}

function modification(queryId: number, result: RunResult | undefined): string {
  if (result === undefined) return `{"type":"QueryRemoved","queryId":${queryId}}`;
  let tail = resultTails.get(result);
  if (tail === undefined) {
    tail = resultTail(result);
    resultTails.set(result, tail);
  }
  return result.ok
    ? `{"type":"QueryUpdated","queryId":${queryId},${tail}`
    : `{"type":"QueryFailed","queryId":${queryId},${tail}`;
}

function resultTail(result: RunResult): string {
  const journal = `"logLines":${JSON.stringify(result.logLines)},"journal":${JSON.stringify(result.journal)}}`;
  if (result.ok) return `"value":${result.value},${journal}`;
  return `"errorMessage":${JSON.stringify(result.errorMessage)},${dataText(result.errorData)}${journal}`;
}

function versionText({ querySet, identity, ts }: Version): string {
  return `{"querySet":${querySet},"identity":${identity},"ts":"${tsToWire(ts)}"}`;
}

/** The answer to a mutation. A mutation that wrote nothing has the ts it read at. */
export function mutationResponseFrame(requestId: number, outcome: CallOutcome): string {
  if (!outcome.ok) return failedResponse("MutationResponse", requestId, outcome, `,"ts":null`);
  return `{"type":"MutationResponse","requestId":${requestId},"success":true,"result":${outcome.value},"ts":"${tsToWire(outcome.ts ?? 0)}","logLines":${JSON.stringify(outcome.logLines)}}`;
}

export function actionResponseFrame(requestId: number, outcome: CallOutcome): string {
  if (!outcome.ok) return failedResponse("ActionResponse", requestId, outcome, "");
  return `{"type":"ActionResponse","requestId":${requestId},"success":true,"result":${outcome.value},"logLines":${JSON.stringify(outcome.logLines)}}`;
}

function failedResponse(type: string, requestId: number, outcome: CallOutcome & { ok: false }, ts: string): string {
  return `{"type":"${type}","requestId":${requestId},"success":false,"result":${JSON.stringify(outcome.errorMessage)},${dataText(outcome.errorData)}"logLines":${JSON.stringify(outcome.logLines)}${ts}}`;
}

function dataText(errorData: string | null): string {
  return errorData === null ? "" : `"errorData":${errorData},`;
}

/** The identity did not change: the client asks for a fresh token or gives up. */
export function authErrorFrame(error: string, baseVersion: number, authUpdateAttempted: boolean): string {
  return JSON.stringify({ type: "AuthError", error, baseVersion, authUpdateAttempted });
}

/** The client ends for good on this one: only for what a retry cannot mend. */
export function fatalErrorFrame(error: string): string {
  return JSON.stringify({ type: "FatalError", error });
}

export function versionMismatch(type: string, base: number, current: number): string {
  return `BaseVersionMismatch: ${type} has base version ${base}, but the current version is ${current}`;
}

export const PING_FRAME = `{"type":"Ping"}`;

/**
 * Cuts a transition that is too long for one frame; one that fits stays as it is. Parts join to the text again; none splits a
 * surrogate pair.
 *
 * @param bytesMax Longest part in bytes, of UTF-8.
 */
export function chunkFrames(frame: string, transitionId: string, bytesMax: number): readonly string[] {
  // Three bytes at most per UTF-16 unit: most frames are known to fit without counting.
  if (frame.length * UTF8_BYTES_MAX <= bytesMax) return [frame];
  const bytes = Buffer.byteLength(frame);
  if (bytes <= bytesMax) return [frame];
  const unitsMax = bytes === frame.length ? bytesMax : Math.max(2, Math.floor(bytesMax / UTF8_BYTES_MAX));
  const parts: string[] = [];
  for (let start = 0; start < frame.length;) {
    let end = Math.min(frame.length, start + unitsMax);
    if (end < frame.length && isHighSurrogate(frame.charCodeAt(end - 1))) end -= 1;
    parts.push(frame.slice(start, end));
    start = end;
  }
  const totalParts = parts.length;
  return parts.map((chunk, partNumber) =>
    JSON.stringify({ type: "TransitionChunk", chunk, partNumber, totalParts, transitionId }),
  );
}

function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdbff;
}
