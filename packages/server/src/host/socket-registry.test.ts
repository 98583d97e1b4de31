/**
 * What a new core is told of the sockets.
 */
import { expect, test } from "vitest";
import type { RunResult, SocketUpdate } from "../protocol/live-types.ts";
import type { CoreSignal } from "../protocol/core-protocol.ts";
import { SocketRegistry } from "./socket-registry.ts";
import { ADMIN } from "../testing/core-world.ts";

const query = (queryId: number, journal: string | null = null) => ({
  queryId,
  component: "",
  path: "a:b",
  args: "{}",
  journal,
});
const result = (journal: string | null): RunResult => ({ ok: true, value: "1", logLines: [], journal });

function update(socket: number, ts: number, changes: SocketUpdate["changes"] = []): SocketUpdate {
  return { socket, querySet: 1, identity: 0, ts, changes };
}

function open() {
  const sent: CoreSignal[] = [];
  const got: SocketUpdate[] = [];
  const registry = new SocketRegistry((signal) => sent.push(signal));
  const link = registry.open((next) => got.push(next));
  return { registry, link, sent, got };
}

test("queries, identity and versions are established again as they are now", () => {
  const { registry, link } = open();
  link.modifyQueries(1, [query(1), query(2)], []);
  link.setIdentity(3, ADMIN);
  link.modifyQueries(2, [query(3)], [1]);
  expect(registry.restore()).toEqual([
    { type: "openSocket", socket: 1 },
    { type: "setIdentity", socket: 1, version: 3, identity: ADMIN },
    { type: "modifyQueries", socket: 1, querySet: 2, add: [query(2), query(3)], remove: [] },
  ]);
});

test("a query is added again with the journal it produced last", () => {
  const { registry, link } = open();
  link.modifyQueries(1, [query(1)], []);
  registry.deliver([update(1, 10, [{ queryId: 1, result: result("page") }])]);
  registry.deliver([update(1, 11, [{ queryId: 1, result: result(null) }])]);
  expect(registry.restore()[1]).toMatchObject({ add: [query(1, "page")] });
});

test("a touch is repeated until an update answers it", () => {
  const { registry, link } = open();
  link.touch(20);
  link.touch(null);
  registry.deliver([update(1, 19)]);
  expect(registry.restore().at(-1)).toEqual({ type: "touch", socket: 1, ts: 20 });
  registry.deliver([update(1, 20)]);
  expect(registry.restore()).toEqual([{ type: "openSocket", socket: 1 }]);
});

test("closed sockets are forgotten, and updates for them are dropped", () => {
  const { registry, link, sent, got } = open();
  link.close();
  link.close();
  registry.deliver([update(1, 10)]);
  expect(got).toEqual([]);
  expect(registry.restore()).toEqual([]);
  expect(sent.map(({ type }) => type)).toEqual(["openSocket", "closeSocket"]);
});
