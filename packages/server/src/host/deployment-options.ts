/**
 * How a deployment is started.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { CoreHome } from "../core/core-home.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { VerifyOptions } from "../protocol/live-types.ts";
import type { TrackingOptions } from "../protocol/tracking-options.ts";

/** See the module comment. */
export interface DeploymentOptions extends TrackingOptions {
  /** Folder of the store; made when it is missing. Left out: data is gone when the deployment closes. */
  readonly directory?: string | undefined;
  /** What browsers call the deployment; functions see it as `CONVEX_CLOUD_URL`. */
  readonly cloudUrl: string;
  /** Where HTTP actions are; functions see it as `CONVEX_SITE_URL`. */
  readonly siteUrl: string;
  readonly limits?: Partial<Limits> | undefined;
  /** The core in a thread of its own with a watchdog (the default), or in this one. */
  readonly threads?: boolean | undefined;
  /** Budget of resident data, in bytes. */
  readonly memoryBytes?: number | undefined;
  /** Budget of nodes, in bytes. */
  readonly nodeBytes?: number | undefined;
  readonly actionThreads?: number | undefined;
  /** Whether a ledger of reads, re-runs and bytes is kept (it is by default). */
  readonly isMetered?: boolean | undefined;
  /** How much of what sockets hold is verified by runs from scratch (by default at most a hundredth of the time); `false`: nothing. */
  readonly verify?: VerifyOptions | false | undefined;
  /** Where the log is kept over restarts; a bounded file. Left out: in memory only. */
  readonly logFile?: string | undefined;
  /** Without threads: the clock of the core and of actions. */
  readonly clock?: Clock | undefined;
  /** Without threads: other parts of the core, for simulations. */
  readonly home?: Omit<CoreHome, "start" | "directory"> | undefined;
}
