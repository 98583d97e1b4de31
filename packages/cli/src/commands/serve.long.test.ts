/** Options of `dev` and `start` that reach the server: what a socket is offered, and what nodes hold. */
import { once } from "node:events";
import { request, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { LedgerReport } from "@narrowcast/server";
import { AppFolder, freePort } from "./testing/app-folder.ts";

/** Reads 1.5 MB of documents twice, in two calls with a node each. */
const LARGE = `
import { mutationGeneric, queryGeneric } from "convex/server";
export const fill = mutationGeneric(async (ctx) => {
  for (let n = 0; n < 3; n++) await ctx.db.insert("notes", { text: "x".repeat(500_000) });
});
export const both = queryGeneric(async (ctx, { n }) => {
  const up = await ctx.db.query("notes").order("asc").collect();
  const down = await ctx.db.query("notes").order("desc").collect();
  return n + up.length + down.length;
});
`;
/** A client's frame without content that ends the connection: FIN and "close", masked with zeros. */
const CLOSE_FRAME = Uint8Array.of(0x88, 0x80, 0, 0, 0, 0);

let app: AppFolder;
beforeAll(async () => {
  app = await AppFolder.make();
  await app.write("convex/large.ts", LARGE);
});
afterAll(async () => await app.close());

/** Runs `work` beside a server that was started with `options`. */
async function serving(options: readonly string[], work: (port: number) => Promise<void>): Promise<void> {
  const port = await freePort();
  const ports = ["--port", String(port), "--site-port", String(await freePort())];
  const started = app.start("start", "--push", ...ports, ...options);
  await started.until("out", /Deployment at/u);
  await work(port);
  expect(await started.stop("SIGTERM")).toMatchObject({ code: 0 });
}

/** What the server says to a socket that can do everything: its extensions, and the frames it sends unasked. */
async function offered(port: number): Promise<{ extensions: string | undefined; frames: string }> {
  const asked = request(`http://127.0.0.1:${port}/api/1.48.0/sync?deltas=1`, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": Buffer.alloc(16).toString("base64"),
      "sec-websocket-extensions": "permessage-deflate",
    },
  }).end();
  const [response, socket, head] = (await once(asked, "upgrade")) as [IncomingMessage, Socket, Buffer];
  let frames = head.toString("latin1");
  socket.setEncoding("latin1").on("data", (text: string) => (frames += text));
  socket.write(CLOSE_FRAME);
  await once(socket, "close");
  return { extensions: response.headers["sec-websocket-extensions"], frames };
}

async function ledger(): Promise<LedgerReport> {
  return JSON.parse((await app.run("top", "--json")).out) as LedgerReport;
}

test("by default sockets are offered deltas and no compression, and nodes hold 1.5 MB", async () => {
  await serving([], async (port) => {
    const { extensions, frames } = await offered(port);
    expect(extensions).toBeUndefined();
    expect(frames).toContain("DeltasOn");
    await app.run("run", "large:fill");
    for (const n of [1, 2]) expect((await app.run("run", "large:both", `{"n": ${n}}`)).out).toBe(`${6 + n}\n`);
    expect((await ledger()).totals).toMatchObject({ documents: 6, convexDocuments: 12 });
  });
});

test("--compress, --delta-memory 0 and --node-memory are kept to", async () => {
  await serving(["--compress", "--delta-memory", "0", "--node-memory", "1"], async (port) => {
    const { extensions, frames } = await offered(port);
    expect(extensions).toMatch(/^permessage-deflate/u);
    expect(frames).not.toContain("DeltasOn");
    for (const n of [3, 4]) expect((await app.run("run", "large:both", `{"n": ${n}}`)).out).toBe(`${6 + n}\n`);
    // Each of the two calls pushes out the other's node.
    expect((await ledger()).totals).toMatchObject({ documents: 12, convexDocuments: 12 });
  });
});

test("the former name of --node-memory is refused with the present one", async () => {
  const { code, err } = await app.run("start", "--memo-memory", "64");
  expect({ code, isSaid: err.includes("It is called --node-memory.") }).toEqual({ code: 1, isSaid: true });
  expect((await app.run("start", "--help")).out).not.toContain("--memo-memory");
});

test("budgets that are no numbers of mebibytes are refused", async () => {
  const given = [
    ["--delta-memory", "-1"],
    ["--delta-memory", "some"],
    ["--node-memory", "0"],
  ];
  for (const options of given) {
    const { code, err } = await app.run("start", ...options);
    expect({ code, isSaid: err.includes("whole number") }, options.join(" ")).toEqual({ code: 1, isSaid: true });
  }
});
