/**
 * A deployment for tests of an app with a server in front of it: for clients, HTTP actions and file uploads.
 *
 * @module
 */
import { createServer, type AddressInfo } from "node:net";
import type { DeploymentOptions } from "../host/deployment.ts";
import { openTestDeployment, type TestDeployment } from "./test-deployment.ts";
import { AdminKeys } from "../http/admin-keys.ts";
import { startServer } from "../http/start-server.ts";

/** Keys of a test live as long as its server, so any secret will do. */
const SECRET = new Uint8Array(32).fill(7);

/** A test deployment that listens on loopback. */
export interface TestServer extends TestDeployment {
  readonly url: string;
  /** Where HTTP actions are. */
  readonly siteUrl: string;
  readonly adminKey: string;
}

/** As `openTestDeployment`, with a listening server. */
export async function openTestServer(convexDir: string, options: Partial<DeploymentOptions> = {}): Promise<TestServer> {
  const [port, sitePort] = [await freePort(), await freePort()];
  const urls = { cloudUrl: `http://127.0.0.1:${port}`, siteUrl: `http://127.0.0.1:${sitePort}` };
  const app = await openTestDeployment(convexDir, { ...urls, ...options });
  const adminKeys = new AdminKeys(SECRET);
  const http = await startServer({ deployment: app.deployment, adminKeys, port, sitePort });
  const closeApp = app.close.bind(app);
  return Object.assign(app, {
    url: http.url,
    siteUrl: http.siteUrl,
    adminKey: adminKeys.issue(),
    close: async () => {
      await http.close();
      await closeApp();
    },
  });
}

/** Functions see the address before the server listens there. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
