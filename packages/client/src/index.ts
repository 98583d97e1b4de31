/**
 * Deltas for Convex's own clients: a WebSocket constructor that turns what changed back into whole values.
 *
 * @example
 * ```ts
 * import { deltaSocket } from "@narrowcast/client";
 * import { ConvexReactClient } from "convex/react";
 *
 * const client = new ConvexReactClient(url, { webSocketConstructor: deltaSocket() });
 * ```
 *
 * @module
 */
export { deltaSocket, type DeltaSocketConstructor, type DeltaSocketOptions, type HostSocket } from "./delta-socket.ts";
export type { SocketStats } from "./socket-stats.ts";
