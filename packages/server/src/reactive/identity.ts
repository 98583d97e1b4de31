/**
 * The identity of who did not say who they are.
 *
 * @module
 */
import type { Identity } from "./types.ts";

/** Nobody: no token, no key. The same for everybody who has none, so their runs are shared. */
export const NO_IDENTITY: Identity = { kind: "none", key: "", attributes: null };
