/**
 * Calls of a deployment in short form.
 *
 * @module
 */
import { stringifyValue, type Value } from "@narrowcast/values";
import { NO_IDENTITY, type Identity } from "../../protocol/live-types.ts";
import type { CallRequest } from "../../protocol/deployment-types.ts";
import { startDeployment, type DeploymentOptions, type RunningDeployment } from "../../host/deployment.ts";
import { testApp } from "./test-app.ts";

/** A deployment in this process's memory with the test app. */
export async function openDeployment(options: Partial<DeploymentOptions> = {}): Promise<RunningDeployment> {
  const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };
  const deployment = await startDeployment({ ...urls, threads: false, ...options });
  const pushed = await deployment.push(await testApp());
  if (!pushed.ok) throw new Error(pushed.message);
  return deployment;
}

/** `items:<name>` with `args`. */
export function call(name: string, args: Value, identity: Identity = NO_IDENTITY): CallRequest {
  const allowInternal = identity.kind === "admin";
  return {
    component: "",
    path: `items:${name}`,
    args: stringifyValue(args),
    identity,
    allowInternal,
    requestId: "0123456789abcdef",
  };
}
