/**
 * The globals that user code sees instead of the real ones.
 *
 * User code is the body of a function (`load.ts`); every name listed here is a parameter of it, so the script sees ours and shares
 * everything else (objects, arrays, errors: one realm) with the server. `globalThis` is an object of ours over the real one: what
 * user code sets on it stays there.
 *
 * Three settings: `deterministic` (queries, mutations: fixed clock, seeded randomness, no network, no timers), `action` (the real
 * ones, no Node APIs) and `node` ("use node" modules: Node as it is, but console and environment are the deployment's).
 *
 * This keeps honest code deterministic. It is no wall against code that wants out: an app's code is trusted by its server.
 * Known differences to a fresh process: names put on `globalThis` are seen through `globalThis` only, and `Intl` formats "now" by
 * the real clock.
 *
 * @module
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { createRequire } from "node:module";
import path from "node:path";
import { webcrypto } from "node:crypto";
import { createConsole } from "./console.ts";
import { useOneLocale } from "./language.ts";
import type { ConsoleCapture } from "./console.ts";
import type { HostSyscalls } from "./syscalls-types.ts";

/** What the globals ask of the run that is current. */
export interface Activity {
  /** Milliseconds; records that the clock was looked at. */
  now(): number;
  /** Next number in [0, 1). */
  random(): number;
  randomBytes(into: Uint8Array): void;
  randomUuid(): string;
  readonly console: ConsoleCapture;
  /** Value of an environment variable; records the dependency. */
  environmentVariable(name: string): string | undefined;
  /** All names; records the dependency on the whole environment. */
  environmentNames(): readonly string[];
  /** Does real asynchronous work (such as `crypto.subtle`) for which the run waits. */
  realWork<T>(work: () => Promise<T>): Promise<T>;
  /** Where a refused global is used, for its message. */
  readonly phase: "import" | "run";
  readonly syscalls: HostSyscalls;
}

/** Parameters of the script and their values. */
export type UserGlobals = Map<string, unknown>;

const SEE = "Please consider using an action. See https://docs.convex.dev/functions/actions for more details.";
const REFUSED_TIMERS = ["setTimeout", "setInterval", "setImmediate"];
const HIDDEN = [
  "require",
  "module",
  "exports",
  "__filename",
  "__dirname",
  "Buffer",
  "window",
  "WebSocket",
  "EventSource",
];

/**
 * The globals of queries and mutations.
 *
 * @param current Must give an activity at any time.
 * @param plainOf The same value with documents as plain objects: the platform's `structuredClone` looks behind the traps of documents.
 */
export function deterministicGlobals(current: () => Activity, plainOf: (value: unknown) => unknown): UserGlobals {
  const globals = baseGlobals(current);
  globals.set("Date", dateOf(current));
  globals.set(
    "Math",
    seededMath(() => current().random()),
  );
  globals.set("crypto", seededCrypto(current));
  globals.set("structuredClone", (value: unknown, options?: Parameters<typeof structuredClone>[1]): unknown =>
    structuredClone(plainOf(value), options),
  );
  globals.set("performance", { now: () => current().now(), timeOrigin: 0, mark: ignore, measure: ignore });
  globals.set("fetch", () => Promise.reject(new Error(refusal("fetch()", current()))));
  for (const name of REFUSED_TIMERS) {
    globals.set(name, () => {
      throw new Error(refusal(`${name}()`, current()));
    });
  }
  for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) globals.set(name, ignore);
  for (const name of HIDDEN) globals.set(name, undefined);
  globals.set("process", { env: environmentView(current) });
  return finish(globals);
}

/**
 * The globals of actions and HTTP actions outside of "use node" modules.
 *
 * @param hasVirtualTime `Date` shows the run's time, not the machine's.
 */
export function actionGlobals(current: () => Activity, hasVirtualTime = false): UserGlobals {
  const globals = baseGlobals(current);
  if (hasVirtualTime) globals.set("Date", dateOf(current));
  for (const name of HIDDEN) globals.set(name, undefined);
  globals.set("process", { env: environmentView(current) });
  return finish(globals);
}

/**
 * The globals of "use node" modules.
 *
 * @param resolveDir Packages outside of the bundle are resolved from here.
 * @param hasVirtualTime `Date` shows the run's time, not the machine's.
 */
export function nodeGlobals(current: () => Activity, resolveDir: string | null, hasVirtualTime = false): UserGlobals {
  const globals = baseGlobals(current);
  if (hasVirtualTime) globals.set("Date", dateOf(current));
  const base = path.join(resolveDir ?? process.cwd(), "modules.js");
  globals.set("require", createRequire(base));
  globals.set("module", { exports: {} });
  globals.set("exports", {});
  globals.set("__filename", base);
  globals.set("__dirname", path.dirname(base));
  const env = writableView(environmentView(current));
  globals.set(
    "process",
    new Proxy(process, {
      get: (target, name) => {
        if (name === "env") return env;
        const value: unknown = Reflect.get(target, name);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    }),
  );
  return finish(globals);
}

function baseGlobals(current: () => Activity): UserGlobals {
  useOneLocale();
  return new Map<string, unknown>([
    ["console", createConsole(() => current().console)],
    ["AsyncLocalStorage", AsyncLocalStorage],
    ["AsyncResource", AsyncResource],
    [
      "Convex",
      {
        syscall: (op: string, args: string) => current().syscalls.syscall(op, args),
        asyncSyscall: (op: string, args: string) => current().syscalls.asyncSyscall(op, args),
        jsSyscall: (op: string, args: { readonly [name: string]: unknown }) => current().syscalls.jsSyscall(op, args),
      },
    ],
  ]);
}

/** Adds `globalThis` and its other names: an object over the real one that shows ours. */
function finish(globals: UserGlobals): UserGlobals {
  const view = Object.create(globalThis) as object;
  // Some of the real ones (`crypto`) refuse to be read through another object than the real `globalThis`.
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(globalThis))) {
    if (!("get" in descriptor)) continue;
    Object.defineProperty(view, name, {
      get: () => Reflect.get(globalThis, name) as unknown,
      set: (value) => {
        Object.defineProperty(view, name, { value, writable: true, configurable: true });
      },
      configurable: true,
    });
  }
  for (const [name, value] of globals) {
    Object.defineProperty(view, name, { value, writable: true, configurable: true, enumerable: false });
  }
  for (const name of ["globalThis", "self", "global"]) {
    Object.defineProperty(view, name, { value: view, writable: true, configurable: true, enumerable: false });
    globals.set(name, view);
  }
  return globals;
}

function refusal(what: string, activity: Activity): string {
  return activity.phase === "import"
    ? `Can't use ${what} while modules are being imported. Call it inside of a function.`
    : `Can't use ${what} in queries and mutations. ${SEE}`;
}

function ignore(): void {}

/** A `Date` whose "now" is the run's. Shares the prototype, so `instanceof` holds for every date of the realm. */
function dateOf(current: () => Activity): DateConstructor {
  const now = (): number => current().now();
  function FixedDate(...args: readonly unknown[]): unknown {
    if (new.target === undefined) return new Date(now()).toString();
    return Reflect.construct(Date, args.length === 0 ? [now()] : args, new.target);
  }
  FixedDate.prototype = Date.prototype;
  FixedDate.UTC = Date.UTC;
  FixedDate.parse = Date.parse;
  FixedDate.now = now;
  Object.defineProperty(FixedDate, "name", { value: "Date" });
  Object.defineProperty(FixedDate, "length", { value: 7 });
  return FixedDate as unknown as DateConstructor;
}

function seededMath(random: () => number): Math {
  const math = Object.create(Object.prototype, Object.getOwnPropertyDescriptors(Math)) as Math;
  Object.defineProperty(math, "random", { value: random, writable: true, configurable: true });
  return math;
}

function seededCrypto(current: () => Activity): object {
  // The operations are real asynchronous work; a run that waits for one is not stuck.
  const subtle = new Proxy(webcrypto.subtle, {
    get: (target, name) => {
      const method: unknown = Reflect.get(target, name, target);
      if (typeof method !== "function") return method;
      return (...args: readonly unknown[]) =>
        current().realWork(() => Reflect.apply(method, target, args) as Promise<unknown>);
    },
  });
  return {
    subtle,
    randomUUID: () => current().randomUuid(),
    getRandomValues: <T extends ArrayBufferView>(into: T): T => {
      if (!ArrayBuffer.isView(into) || into instanceof DataView) {
        throw new TypeError("The argument of getRandomValues must be an integer typed array");
      }
      if (into.byteLength > 65_536) throw new RangeError("getRandomValues gives at most 65536 bytes");
      current().randomBytes(new Uint8Array(into.buffer, into.byteOffset, into.byteLength));
      return into;
    },
  };
}

/** `process.env` of the deployment: reads are recorded; writes have no effect, as nothing would see them, and are no error. */
function environmentView(current: () => Activity): object {
  return new Proxy(Object.create(null) as object, {
    get: (_, name) => (typeof name === "string" ? current().environmentVariable(name) : undefined),
    has: (_, name) => typeof name === "string" && current().environmentVariable(name) !== undefined,
    // The built-in ones may be among the deployment's as well, and a name must be told once.
    ownKeys: () => [...new Set(current().environmentNames())],
    getOwnPropertyDescriptor: (_, name) => {
      const value = typeof name === "string" ? current().environmentVariable(name) : undefined;
      return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: true };
    },
    set: () => true,
    deleteProperty: () => true,
    // The platform wants what was defined to be there, unless it was there before.
    defineProperty: () => true,
  });
}

/** `process.env` of "use node" modules: packages there set variables for themselves, which nobody else sees. */
function writableView(view: object): object {
  const own = new Map<string | symbol, string | undefined>();
  return new Proxy(view, {
    get: (target, name) => (own.has(name) ? own.get(name) : (Reflect.get(target, name) as unknown)),
    has: (target, name) => (own.has(name) ? own.get(name) !== undefined : Reflect.has(target, name)),
    ownKeys: (target) => {
      const names = new Set(Reflect.ownKeys(target));
      for (const [name, value] of own) {
        if (value === undefined) names.delete(name);
        else names.add(name);
      }
      return [...names];
    },
    getOwnPropertyDescriptor: (target, name) => {
      const value = own.has(name) ? own.get(name) : (Reflect.get(target, name) as unknown);
      return value === undefined ? undefined : { value, enumerable: true, configurable: true, writable: true };
    },
    set: (_, name, value) => {
      own.set(name, String(value));
      return true;
    },
    defineProperty: (_, name, { value }) => {
      own.set(name, String(value));
      return true;
    },
    deleteProperty: (_, name) => {
      own.set(name, undefined);
      return true;
    },
  });
}
