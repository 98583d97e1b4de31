/**
 * Entry point for tests and measurements of other packages: parts of the server that an application has no use for.
 *
 * Nothing here is promised to stay; what applications use is in `index.ts`.
 *
 * @module
 */
export { openCoreIn } from "./core/core-home.ts";
export { Core } from "./core/core.ts";
export { DiskEngine } from "./engine/disk-engine.ts";
export { openDiskEngine } from "./engine/open-disk-engine.ts";
export { MemoryEngine } from "./engine/memory-engine.ts";
export type { Engine, RowWrite, Savepoint, Ts } from "./engine/types.ts";
export { SocketAuthenticator } from "./http/identity.ts";
export { TokenVerifier } from "./http/token-verifier.ts";
export { SeededRandom } from "./isolate/seeded-random.ts";
export { MainSide } from "./kit/main-side.ts";
export { CuttingProxy } from "./kit/cutting-proxy.ts";
export { startTestDeployment } from "./kit/test-deployment.ts";
export { bundleTexts } from "./kit/text-app.ts";
export { CONVEX_PRICES, PRICES_DATE, type Prices } from "./meter/prices.ts";
export type { CoreCall, CoreRequest, FromCore } from "./protocol/core-protocol.ts";
export { Reactor } from "./reactive/reactor.ts";
export { DeltaTable } from "./sync/delta-table.ts";
export { QueryCount } from "./sync/query-set.ts";
export { Session } from "./sync/session.ts";
export type { Transport } from "./sync/session-options.ts";
export { DELTAS_ON_FRAME, SocketDeltas } from "./sync/socket-deltas.ts";
export { DatabaseTransaction } from "./tx/transaction.ts";
