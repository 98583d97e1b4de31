/**
 * The end of a server, in an order in which nobody gets an empty reply.
 *
 *   no longer listening ─▶ calls and actions under way end, for `waitMs` at most ─▶ actions that are left fail with a reason
 *   ─▶ the core ends ─▶ requests that are left are told so ─▶ connections are closed
 *
 * A proxy that finds nobody listening goes to the next server; clients of sockets come back by themselves, with what was not answered.
 *
 * @module
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningDeployment } from "../host/deployment.ts";
import type { RunningHttp } from "./start-server.ts";

const LOOK_MS = 20;
/** What failed for a reason has so long to be written. */
const ANSWERS_MS = 1_000;

/** @param waitMs How long calls and actions under way may go on. */
export async function stopServing(http: RunningHttp, deployment: RunningDeployment, waitMs: number): Promise<void> {
  http.stop();
  await until(() => http.underWay === 0 && deployment.actionsUnderWay === 0, waitMs);
  await deployment.stopActions();
  await until(() => http.underWay === 0, ANSWERS_MS);
  await deployment.close();
  await http.close();
}

async function until(isDone: () => boolean, waitMs: number): Promise<void> {
  const endMs = performance.now() + waitMs;
  while (!isDone() && performance.now() < endMs) await sleep(LOOK_MS);
}
