/**
 * The `ctx` of actions and HTTP actions: everything goes through a port, since actions run outside of the core.
 *
 * @module
 */
import { parseValue } from "@narrowcast/values";
import type { FunctionAddress, Value } from "@narrowcast/values";
import type { RunActionMessage, RunHttpMessage } from "../protocol/action-protocol.ts";
import type { ActionPort } from "../functions/action-port.ts";
import { notAvailable } from "../functions/ctx-arguments.ts";
import { createScheduler, deploymentMetadata, functionMetadata, identityClaims } from "../functions/ctx-services.ts";
import type { SchedulePort } from "../functions/ctx-services.ts";
import { createActionStorage } from "../functions/ctx-storage.ts";
import { argumentsText, functionOf } from "../isolate/function-reference.ts";

/** What a context must know of its action. */
export interface ActionFacts extends FunctionAddress {
  readonly message: RunActionMessage | RunHttpMessage;
  /** Canonical path, or the routed pattern of an HTTP action. */
  readonly path: string;
  readonly visibility: "public" | "internal";
  readonly cloudUrl: string;
}

/** `ctx` of an action or HTTP action. */
export function createActionCtx(facts: ActionFacts, port: ActionPort): object {
  const { message } = facts;
  const run =
    (op: "query" | "mutation" | "action") =>
    async (reference: unknown, args?: unknown): Promise<Value> =>
      parseValue(await port.call({ op, ...functionOf(reference, facts.component), args: argumentsText(args) }));
  const client = message.type === "run" ? message.client : undefined;
  return {
    runQuery: run("query"),
    runMutation: run("mutation"),
    runAction: run("action"),
    scheduler: createScheduler(actionSchedulePort(facts.component, port)),
    auth: { getUserIdentity: async () => identityClaims(message.identity) },
    storage: createActionStorage(port),
    vectorSearch: () => Promise.reject(notAvailable("Vector search")),
    meta: {
      getFunctionMetadata: async () => ({
        ...functionMetadata(facts),
        type: "action",
        visibility: facts.visibility,
      }),
      getDeploymentMetadata: async () => deploymentMetadata(facts.cloudUrl),
      getRequestMetadata: async () => ({
        ip: client?.ip ?? null,
        userAgent: client?.userAgent ?? null,
        requestId: message.requestId,
        scheduledFunctionId: (message.type === "run" ? message.scheduledFunctionId : undefined) ?? null,
        authToken: null,
      }),
    },
  };
}

/** Scheduling from an action takes effect at once. */
export function actionSchedulePort(component: string, port: ActionPort): SchedulePort {
  return {
    component,
    now: () => port.now(),
    schedule: async (address, args, atMs) =>
      parseValue(await port.call({ op: "schedule", ...address, args, atMs })) as string,
    cancel: async (jobId) => {
      await port.call({ op: "cancelScheduled", jobId });
    },
  };
}
