import { closeDom, newContainer } from "./testing/dom.ts";
import { ConvexProvider, ConvexReactClient, usePaginatedQuery, useQuery } from "convex/react";
import { createElement, memo } from "react";
import { createRoot } from "react-dom/client";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { deltaSocket } from "./delta-socket.ts";
import { OPTIONS, openHttpClient, openRowsServer, rows, type Row, type RowsServer } from "./testing/rows-server.ts";

let server: RowsServer;

beforeAll(async () => {
  server = await openRowsServer();
});
afterAll(async () => {
  await server.close();
  await closeDom();
});

/** Names of rows in the order in which they were rendered. */
let rendered: string[] = [];

const RowLine = memo(({ row }: { readonly row: Row }) => {
  rendered.push(row.name);
  return createElement("li", undefined, row.name);
});

function List({ tag }: { readonly tag: string }) {
  const list = useQuery(rows.list, { tag }) ?? [];
  return list.map((row) => createElement(RowLine, { key: row._id, row }));
}

function Pages({ tag }: { readonly tag: string }) {
  const { results } = usePaginatedQuery(rows.page, { tag }, { initialNumItems: 10 });
  return results.map((row) => createElement(RowLine, { key: row._id, row }));
}

const lean = deltaSocket({ webSocket: WebSocket as unknown as typeof globalThis.WebSocket });

test.each([
  { name: "useQuery with deltas", Screen: List, socket: lean, again: ["changed"] },
  { name: "usePaginatedQuery with deltas", Screen: Pages, socket: lean, again: ["changed"] },
  // What deltas are for: without them every row is a new object.
  {
    name: "useQuery without",
    Screen: List,
    socket: OPTIONS.webSocketConstructor,
    again: ["row 0", "row 1", "changed", "row 3", "row 4"],
  },
])("$name renders again: $again", async ({ name, Screen, socket, again }) => {
  const http = openHttpClient(server.url);
  await http.mutation(rows.fill, { tag: name, count: 5 });
  const client = new ConvexReactClient(server.url, { ...OPTIONS, ...(socket && { webSocketConstructor: socket }) });
  rendered = [];
  const container = newContainer();
  const root = createRoot(container);
  root.render(createElement(ConvexProvider, { client }, createElement(Screen, { tag: name })));
  await expect.poll(() => container.textContent).toBe("row 0row 1row 2row 3row 4");
  rendered = [];
  await http.mutation(rows.patch, { tag: name, place: 2, fields: { name: "changed" } });
  await expect.poll(() => container.textContent).toBe("row 0row 1changedrow 3row 4");
  expect(rendered).toEqual(again);
  root.unmount();
  await client.close();
});
