/**
 * System queries: what they give, that only admins see them, that they can be subscribed to.
 */
import { ROOT_COMPONENT } from "@narrowcast/values";
import { expect, test } from "vitest";
import { ADMIN, NOBODY, NOTES_APP, World } from "../../testing/core-world.ts";

const USER = { kind: "user", key: "u", attributes: { subject: "u" } } as const;

async function open(): Promise<World> {
  const world = await World.open(NOTES_APP);
  for (const text of ["a", "b", "c"]) await world.mutation("notes:add", { text });
  return world;
}

const page = (world: World, args: object) =>
  world.value("_system/cli/tableData", args, ADMIN) as Promise<never> as Promise<{
    readonly page: readonly { readonly text: string }[];
    readonly isDone: boolean;
    readonly continueCursor: string;
  }>;

test.each([NOBODY, USER])("they do not exist for others than admins (%j)", async (identity) => {
  const world = await open();
  await world.query("_system/cli/tables", {}, ADMIN);
  expect(await world.query("_system/cli/tables", {}, identity)).toMatchObject({
    ok: false,
    errorMessage: expect.stringContaining("Could not find public function for '_system/cli/tables'"),
  });
});

test("an unknown one is missing for admins too", async () => {
  const world = await open();
  expect(await world.query("_system/no:such", {}, ADMIN)).toMatchObject({ ok: false });
});

test("tables lists the app's tables", async () => {
  const world = await open();
  expect(await world.value("_system/cli/tables", {}, ADMIN)).toMatchObject({ page: [{ name: "notes" }], isDone: true });
});

test("tableData gives pages in either order", async () => {
  const world = await open();
  const first = await page(world, { table: "notes", order: "desc", paginationOpts: { cursor: null, numItems: 2 } });
  expect(first.page.map(({ text }) => text)).toEqual(["c", "b"]);
  expect(first.isDone).toBe(false);
  const opts = { cursor: first.continueCursor, numItems: 2 };
  const second = await page(world, { table: "notes", order: "desc", paginationOpts: opts });
  expect(second.page.map(({ text }) => text)).toEqual(["a"]);
  expect(second.isDone).toBe(true);
});

test("tableData ends a page early rather than read too much, and goes on from there", async () => {
  const world = await open();
  const text = "x".repeat(900_000);
  for (let n = 0; n < 20; n++) await world.mutation("notes:add", { text });
  const first = await page(world, {
    table: "notes",
    order: "desc",
    paginationOpts: { cursor: null, numItems: 100_000 },
  });
  expect(first.isDone).toBe(false);
  expect(first.page.length).toBeGreaterThan(4);
  let [cursor, isDone, rows] = [first.continueCursor, first.isDone, first.page.length];
  for (let pages = 0; !isDone && pages < 10; pages++) {
    const next = await page(world, { table: "notes", order: "desc", paginationOpts: { cursor, numItems: 100_000 } });
    [cursor, isDone, rows] = [next.continueCursor, next.isDone, rows + next.page.length];
  }
  expect([isDone, rows]).toEqual([true, 23]);
});

test("a missing table is empty", async () => {
  const world = await open();
  expect(
    await page(world, { table: "none", order: "asc", paginationOpts: { cursor: null, numItems: 2 } }),
  ).toMatchObject({ page: [], isDone: true });
  expect(await world.value("_system/cli/tableSize", { tableName: "none" }, ADMIN)).toBe(0);
});

test("tableSize counts, queryTable shows, the environment is listed", async () => {
  const world = await open();
  await world.request<"setEnvironment">({ type: "setEnvironment", changes: [{ name: "A", value: "1" }] });
  expect(await world.value("_system/cli/tableSize:default", { tableName: "notes" }, ADMIN)).toBe(3);
  expect(await world.value("_system/cli/queryTable", { tableName: "notes" }, ADMIN)).toMatchObject([
    { text: "c" },
    { text: "b" },
    { text: "a" },
  ]);
  expect(await world.value("_system/cli/queryEnvironmentVariables", {}, ADMIN)).toEqual([{ name: "A", value: "1" }]);
  expect(await world.value("_system/cli/queryEnvironmentVariables:get", { name: "A" }, ADMIN)).toEqual({
    name: "A",
    value: "1",
  });
  expect(await world.value("_system/cli/queryEnvironmentVariables:get", { name: "B" }, ADMIN)).toBe(null);
  expect(await world.value("_system/cli/convexUrl:cloudUrl", {}, ADMIN)).toBe("http://cloud");
});

test("apiSpec describes functions with their validators", async () => {
  const world = await open();
  const spec = (await world.value("_system/cli/modules:apiSpec", {}, ADMIN)) as unknown as readonly {
    readonly identifier: string;
  }[];
  expect(spec.find(({ identifier }) => identifier === "notes.js:add")).toEqual({
    identifier: "notes.js:add",
    functionType: "Mutation",
    visibility: { kind: "public" },
    args: { type: "object", value: { text: { fieldType: { type: "string" }, optional: false } } },
    returns: { type: "any" },
  });
});

test.each([
  ["_system/cli/tables", {}, async (world: World) => world.mutation("notes:increment")],
  ["_system/cli/tableSize", { tableName: "notes" }, async (world: World) => world.mutation("notes:add", { text: "d" })],
  [
    "_system/cli/queryEnvironmentVariables",
    {},
    async (world: World) =>
      world.request<"setEnvironment">({ type: "setEnvironment", changes: [{ name: "A", value: "1" }] }),
  ],
])("%s can be subscribed to", async (path, args, change) => {
  const world = await open();
  world.signal({ type: "openSocket", socket: 1 });
  world.signal({ type: "setIdentity", socket: 1, version: 1, identity: ADMIN });
  const add = [
    {
      queryId: 1,
      component: ROOT_COMPONENT,
      path: path.includes(":") ? path : `${path}:default`,
      args: JSON.stringify(args),
      journal: null,
    },
  ];
  world.signal({ type: "modifyQueries", socket: 1, querySet: 1, add, remove: [] });
  await world.idle();
  const before = world.updates.length;
  await change(world);
  await world.idle();
  expect(world.updates.slice(before).flatMap((update) => update.changes).length).toBe(1);
});
