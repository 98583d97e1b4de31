/**
 * A call as clients make it, as the core takes it: paths are canonical, and the caller is named.
 *
 * @module
 */
import { canonicalFunctionPath } from "@narrowcast/values";
import type { CoreCall } from "../protocol/core-protocol.ts";
import type { Caller, CallRequest } from "../protocol/deployment-types.ts";

export function coreCall(call: CallRequest): CoreCall {
  const { component, args, identity, allowInternal, requestId } = call;
  return {
    component,
    path: canonicalFunctionPath(call.path),
    args,
    identity,
    allowInternal,
    requestId,
    caller: callerOf(call),
  };
}

export function callerOf({ session }: CallRequest): Caller {
  return session === undefined ? "HttpApi" : "SyncWebsocket";
}
