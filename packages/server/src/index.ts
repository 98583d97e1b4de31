/**
 * The server's entry point: open a deployment, put sockets and HTTP in front of it, bundle and push an app.
 *
 * @example
 * ```ts
 * const deployment = await startDeployment({ directory: "store", cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" });
 * await deployment.push((await bundleApp("convex")).code);
 * const server = await startServer({ deployment, adminKeys: AdminKeys.open("."), port: 3210, sitePort: 3211 });
 * ```
 *
 * @module
 */
export { AdminKeys, StateFileError } from "./http/admin-keys.ts";
export { streamedEntry, type StreamedLogEntry } from "./http/log-entry.ts";
export { stopServing } from "./http/stop-serving.ts";
export { startServer, type RunningHttp, type ServerOptions } from "./http/start-server.ts";
export { bundleApp, BundleError, functionsDir, type BundledApp } from "./app/bundle.ts";
export { backUpStopped } from "./kit/back-up-stopped.ts";
export { checkApart } from "./kit/check-apart.ts";
export type { DeploymentReport } from "./kit/check-deployment.ts";
export { repairStore, type RepairReport } from "./kit/repair.ts";
export { listUnsupported, type Unsupported } from "./app/unsupported.ts";
export { writeGenerated } from "./app/codegen.ts";
export { startDeployment, type DeploymentOptions, type RunningDeployment } from "./host/deployment.ts";
export type {
  BackupProgress,
  CallOutcome,
  CallRequest,
  Deployment,
  LogEntry,
  PushOutcome,
  PushSummary,
} from "./protocol/deployment-types.ts";
export {
  openTestDeployment,
  type Cost,
  type FunctionName,
  type TestClient,
  type TestDeployment,
  type TestSubscription,
  type WorkCost,
} from "./kit/test-deployment.ts";
export { openTestServer, type TestServer } from "./kit/test-server.ts";
export { VirtualClock } from "./protocol/virtual-clock.ts";
export { replayTrace, type ReplayReport, type ReplayRules } from "./kit/replay.ts";
export type { Account } from "./meter/account.ts";
export type { LedgerReport, ReportRow, ReportTable } from "./meter/report.ts";
export type { Analysis, CodePackage, FunctionInfo } from "./app/types.ts";
