/**
 * A disk whose n-th call fails, once or from then on.
 *
 * @module
 */
import type { LogFs } from "../log-fs.ts";

const ASYNC: ReadonlySet<string> = new Set([
  "writeBehind",
  "readBehind",
  "unlinkBehind",
  "listBehind",
  "syncData",
  "sync",
]);

/** Which calls fail. `at` counts from 0; `Infinity` fails none. */
export interface FaultPlan {
  readonly at: number;
  readonly isPersistent: boolean;
}

/** A disk and the record of its calls. */
export interface FaultyDisk {
  readonly disk: LogFs;
  /** Names of the calls made so far. */
  readonly calls: readonly string[];
}

/**
 * Wraps `inner`; a failing write may have written the first half, other failing calls have no effect. Closing a descriptor closes it even if it
 * reports a failure, as on Linux.
 */
export function faultyDisk(inner: LogFs, plan: FaultPlan): FaultyDisk {
  const calls: string[] = [];
  const disk = new Proxy(inner, {
    get(target, property) {
      const method: unknown = Reflect.get(target, property);
      if (typeof method !== "function") return method;
      return (...rest: unknown[]): unknown => {
        const index = calls.push(String(property)) - 1;
        const isFailing = plan.isPersistent ? index >= plan.at : index === plan.at;
        if (!isFailing) return method.apply(target, rest) as unknown;
        if (property === "close") method.apply(target, rest);
        if (property === "write") writeHalf(inner, rest as Parameters<LogFs["write"]>);
        const error = Object.assign(new Error(`EIO: injected into call ${index}, ${String(property)}`), {
          code: "EIO",
        });
        const isAsync = ASYNC.has(String(property));
        if (isAsync) return Promise.reject(error);
        throw error;
      };
    },
  });
  return { disk, calls };
}

function writeHalf(disk: LogFs, [fd, bytes, position]: Parameters<LogFs["write"]>): void {
  disk.write(fd, bytes.subarray(0, bytes.length / 2), position);
}
