/**
 * What clients are told when a function fails.
 *
 *   [Request ID: 0123456789abcdef] Server Error
 *   Uncaught Error: no such room
 *       at handler (../convex/messages.ts:12:7)
 *
 * Failures of the call itself (unknown function, bad arguments) have the same form without "Uncaught". The data of a ConvexError
 * travels beside the text as Convex JSON. ConvexErrors are known by their marker symbol: every bundle has its own class.
 *
 * @module
 */
import { CONVEX_LIMITS, stringifyValue } from "@narrowcast/values";
import type { Value } from "@narrowcast/values";
import type { StackMapper } from "./source-maps.ts";
import { truncateUtf8 } from "./truncate.ts";

const CONVEX_ERROR = Symbol.for("ConvexError");
/** Not registered, so user code cannot name it. */
const USER_CAUSED = Symbol("caused by user code");
/** Errors that the transaction, the file store and calls throw at user code. */
const USER_CAUSED_NAMES: ReadonlySet<string> = new Set(["UserError", "CallError", "FileRefusal"]);

/** The call itself is wrong: its text is shown as it is, without "Uncaught" and frames. */
export class CallError extends Error {
  override readonly name: string = "CallError";
}

/** A failed call as clients get it. */
export interface FailedCall {
  readonly errorMessage: string;
  /** Convex JSON text, or null if it was no ConvexError. */
  readonly errorData: string | null;
}

export function isConvexError(thrown: unknown): thrown is Error & { data: Value } {
  return typeof thrown === "object" && thrown !== null && CONVEX_ERROR in thrown;
}

/** The outcome of a call that ended with `thrown`. */
export function failedCall(thrown: unknown, requestId: string, mapper: StackMapper): FailedCall {
  const head = `[Request ID: ${requestId}] Server Error\n`;
  return { errorMessage: head + describeError(thrown, mapper), errorData: convexErrorData(thrown) };
}

/**
 * `Uncaught Error: message` and the user's frames, with a line break after the last one, as Convex has it. Message and frames are cut where they are too
 * long, each by itself.
 */
export function describeError(thrown: unknown, mapper: StackMapper): string {
  if (thrown instanceof CallError) return bounded(thrown.message);
  if (!isErrorLike(thrown)) return bounded(`Uncaught ${renderThrown(thrown)}`);
  const { name, message } = nameAndMessage(thrown);
  const text = message === "" ? name : `${name}: ${message}`;
  const frames = mapper.frames(thrown.stack);
  return bounded(`Uncaught ${text}`) + (frames === "" ? "" : `${bounded(frames)}\n`);
}

function bounded(text: string): string {
  return truncateUtf8(text, CONVEX_LIMITS.errorMessageBytesMax);
}

/** Convex JSON text of a ConvexError's data; null for other errors. */
export function convexErrorData(thrown: unknown): string | null {
  if (!isConvexError(thrown)) return null;
  const { data } = thrown as { data: Value | undefined };
  // A handler that was run through the bundle's own `convex/server` has already made it a text.
  if ("ConvexErrorSymbol" in thrown && typeof data === "string") return data;
  try {
    return stringifyValue(data === undefined ? null : data);
  } catch {
    return `"[data that is no Convex value]"`;
  }
}

/**
 * The error that a caller inside of a function gets when a function that it called has failed.
 *
 * A ConvexError stays itself (same realm, same class); other errors become new ones whose message tells where they come from.
 */
export function errorForCaller(thrown: unknown, mapper: StackMapper): Error {
  return isConvexError(thrown) ? thrown : asUserCaused(new Error(describeError(thrown, mapper)));
}

/** Marks an error that the server gives to user code, so that it is known as the user's if nobody handles it. @returns `thrown`. */
export function asUserCaused<T>(thrown: T): T {
  if (thrown instanceof Error && Object.isExtensible(thrown))
    Object.defineProperty(thrown, USER_CAUSED, { value: true });
  return thrown;
}

/** Whether user code has to answer for an error that the server made. */
export function isUserCaused(thrown: unknown): boolean {
  return thrown instanceof Error && (USER_CAUSED in thrown || USER_CAUSED_NAMES.has(thrown.name));
}

/** What a thrown error may look like: user code can put anything into it. */
interface ErrorLike {
  readonly name: unknown;
  readonly message: unknown;
  readonly stack: unknown;
}

function isErrorLike(thrown: unknown): thrown is ErrorLike {
  return typeof thrown === "object" && thrown !== null && "message" in thrown && "stack" in thrown;
}

function nameAndMessage(error: ErrorLike): { readonly name: string; readonly message: string } {
  try {
    // Our own class of database errors is an ordinary Error to developers.
    return { name: error.name === "UserError" ? "Error" : String(error.name), message: String(error.message) };
  } catch {
    return { name: "Error", message: "" };
  }
}

function renderThrown(thrown: unknown): string {
  if (typeof thrown !== "object" || thrown === null) return String(thrown);
  try {
    return JSON.stringify(thrown) ?? "[object]";
  } catch {
    return Object.prototype.toString.call(thrown);
  }
}
