/**
 * What sockets and calls say about live queries, for those that may not look into the reactive room itself.
 *
 * @module
 */
export { NO_IDENTITY } from "../reactive/identity.ts";
export type { Identity, QueryAdd, RunResult, SocketUpdate } from "../reactive/types.ts";
export type { VerifyOptions } from "../reactive/verifier.ts";
