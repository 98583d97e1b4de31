/**
 * What pushes and changes of the environment need of the core, and how they stand in line.
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { Database } from "../tx/database.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { FromCore } from "../protocol/core-protocol.ts";
import type { Commits } from "./commits.ts";
import type { DeploymentState } from "./deployment-state.ts";
import type { MainAsks } from "./main-asks.ts";
import type { PushLine } from "./push-line.ts";
import type { Job } from "./serial-queue.ts";
import type { WatchedLoader } from "./watched-loader.ts";

/** See the module comment. */
export interface DeployParts {
  readonly clock: Clock;
  readonly random: { bytes(count: number): Uint8Array };
  readonly limits: Limits;
  readonly state: DeploymentState;
  readonly commits: Commits;
  readonly schemas: Pick<Database, "planSchema" | "dropRemovedIndexes">;
  readonly loader: WatchedLoader;
  readonly line: PushLine;
  readonly asks: MainAsks;
  enqueue(job: Job): void;
  say(message: FromCore): void;
}
