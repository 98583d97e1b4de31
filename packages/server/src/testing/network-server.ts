/**
 * A server on free ports of this machine with the test app, and its defects.
 *
 * @module
 */
export { AdminKeys } from "../http/admin-keys.ts";
export { SocketAuthenticator } from "../http/identity.ts";
export { TokenVerifier } from "../http/token-verifier.ts";
export { startServer } from "../http/start-server.ts";
import { AdminKeys } from "../http/admin-keys.ts";
import { startServer, type RunningHttp, type ServerOptions } from "../http/start-server.ts";
import type { DeploymentOptions, RunningDeployment } from "../host/deployment.ts";
import { openDeployment } from "../sync/testing/call.ts";

export interface TestServer {
  readonly deployment: RunningDeployment;
  readonly http: RunningHttp;
  readonly url: string;
  readonly siteUrl: string;
  readonly adminKey: string;
  /** What `onError` was told. */
  readonly errors: unknown[];
  close(): Promise<void>;
}

/** Opens a deployment in memory, unless `server` has one, and listens. */
export async function openTestServer(
  server: Partial<ServerOptions> = {},
  deploymentOptions: Partial<DeploymentOptions> = {},
): Promise<TestServer> {
  const deployment = (server.deployment as RunningDeployment | undefined) ?? (await openDeployment(deploymentOptions));
  const adminKeys = new AdminKeys(Buffer.alloc(32, 9));
  const errors: unknown[] = [];
  const onError = (error: unknown): void => void errors.push(error);
  const http = await startServer({ port: 0, sitePort: 0, adminKeys, onError, ...server, deployment });
  return {
    deployment,
    http,
    url: http.url,
    siteUrl: http.siteUrl,
    adminKey: adminKeys.issue(),
    errors,
    close: async () => {
      await http.close();
      if (server.deployment === undefined) await deployment.close();
    },
  };
}
