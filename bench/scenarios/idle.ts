/**
 * Processor time of a server that has nothing to do: 50 crons that are not due, many sockets with a subscription each.
 *
 * Expected before measuring: pings every 15 s and one look at all sockets every 5 s, else nothing.
 *
 * @module
 */
import { once } from "node:events";
import { WebSocket } from "ws";
import type { Child } from "../child.ts";
import { pause } from "../load.ts";
import { Echo } from "../machine.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer } from "../server.ts";
import { openClients } from "../wire-client.ts";

export async function idle(scale: Scale): Promise<Row[]> {
  const server = await BenchServer.start({ app: "idle" });
  const echo = await Echo.start();
  try {
    const clients = await openClients(server.url, scale.sockets);
    await Promise.all(clients.map((client) => client.subscribe([{ path: "notes:list", args: {} }])));
    const bare = await bareSockets(echo.url, scale.sockets);
    // What a start leaves to be done later (the checkpoint, a garbage collection) is not idleness.
    await pause(scale.idleMs);
    const [ours, theirs] = await Promise.all([share(server.child, scale.idleMs), share(echo.child, scale.idleMs)]);
    for (const client of clients) client.close();
    for (const socket of bare) socket.terminate();
    return [
      checked(
        {
          name: `idle server, 50 crons, ${scale.sockets.toLocaleString("en-US")} sockets`,
          value: ours * 100,
          unit: "% of a core",
          limit: { name: "bare ws server with as many", value: theirs * 100 },
        },
        "value",
        "<=",
        0.5,
      ),
    ];
  } finally {
    await Promise.all([server.close(), echo.close()]);
  }
}

async function bareSockets(url: string, count: number): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  for (let n = 0; n < count; n++) {
    const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
    await once(socket, "open");
    sockets.push(socket);
  }
  return sockets;
}

/** Share of a core that the process used. */
async function share(child: Child, ms: number): Promise<number> {
  const before = await child.usage();
  const startMs = performance.now();
  await pause(ms);
  const after = await child.usage();
  return (after.cpuMs - before.cpuMs) / (performance.now() - startMs);
}
