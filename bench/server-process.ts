/**
 * A Narrowcast server with one of the benchmarks' apps, as a program for `Child`.
 *
 *   server-process.ts DIRECTORY APP MEMORY_BYTES
 *
 * A deployment that has functions already is not pushed to again, as after a restart.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { AdminKeys, bundleApp, startDeployment, startServer } from "@narrowcast/server";
import { serveParent } from "./child.ts";

const [directory = "", app = "", memoryBytes = ""] = process.argv.slice(2);
const startMs = performance.now();
const unset = "http://127.0.0.1:0";
const deployment = await startDeployment({
  directory,
  cloudUrl: unset,
  siteUrl: unset,
  memoryBytes: memoryBytes === "" ? undefined : Number(memoryBytes),
});
if ((await deployment.analysis()).functions.length === 0) {
  const folder = fileURLToPath(new URL(`apps/${app}/convex`, import.meta.url));
  const { code } = await bundleApp(folder);
  const outcome = await deployment.push(code);
  if (!outcome.ok) throw new Error(`Cannot push the app: ${outcome.message}`);
}
const adminKeys = new AdminKeys(randomBytes(32));
const server = await startServer({ deployment, adminKeys, port: 0, sitePort: 0 });
const openedMs = performance.now() - startMs;

serveParent(
  () => ({ url: server.url, openedMs }),
  async () => {
    await server.close();
    await deployment.close();
  },
);
