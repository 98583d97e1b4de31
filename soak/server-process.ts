/**
 * A server with this folder's app, as a process that can be killed.
 *
 *   server-process.ts DIRECTORY PORT SITE_PORT [FAULT]
 *
 * Tells its parent `"ready"` when it listens, and the bytes that its heaps hold whenever it is sent something.
 * A deployment that has functions already is not pushed to again, as after a restart.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { probeThreads } from "./memory-probe.ts";

const heapBytes = probeThreads();
const { AdminKeys, bundleApp, startDeployment, startServer } = await import("@narrowcast/server");
const { FAULTS } = await import("./faults.ts");
const [directory = "", port = "0", sitePort = "0", fault] = process.argv.slice(2);
if (fault !== undefined) {
  const plant = FAULTS[fault];
  if (plant === undefined)
    throw new Error(`There is no fault "${fault}"; there are: ${Object.keys(FAULTS).join("; ")}`);
  plant(directory);
}
const deployment = await startDeployment({
  directory,
  cloudUrl: `http://127.0.0.1:${port}`,
  siteUrl: `http://127.0.0.1:${sitePort}`,
  // Threads have classes of their own, which no fault would reach.
  threads: fault === undefined,
  // It would find some faults, and mend what they did.
  ...(fault === undefined ? {} : { verify: false as const }),
});
if ((await deployment.analysis()).functions.length === 0) {
  const { code } = await bundleApp(fileURLToPath(new URL("app/convex", import.meta.url)));
  const outcome = await deployment.push(code);
  if (!outcome.ok) throw new Error(`Cannot push the app: ${outcome.message}`);
}
await startServer({
  deployment,
  adminKeys: new AdminKeys(Buffer.alloc(32, 7)),
  port: Number(port),
  sitePort: Number(sitePort),
});
process.on("message", () => void heapBytes().then((bytes) => process.send?.(bytes)));
process.send?.("ready");
// The parent was killed: nobody is left to serve.
process.on("disconnect", () => process.exit(1));
