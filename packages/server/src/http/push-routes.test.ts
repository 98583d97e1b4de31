/**
 * The steps of the official push, asked for one by one.
 */
import { brotliCompressSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { startDeployment, type RunningDeployment } from "../host/deployment.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

interface Pushing {
  readonly deployment: RunningDeployment;
  readonly server: TestServer;
  readonly post: (path: string, body: object) => Promise<{ readonly status: number; readonly json: Json }>;
}
type Json = { readonly [field: string]: unknown };

async function open(options: { allowsUnsupported?: boolean } = {}): Promise<Pushing> {
  const deployment = await startDeployment({ cloudUrl: "http://c.test", siteUrl: "http://s.test", threads: false });
  closers.push(() => deployment.close());
  const server = await openTestServer({ deployment, ...options });
  closers.push(() => server.close());
  const post = async (path: string, body: object): ReturnType<Pushing["post"]> => {
    const response = await fetch(server.url + path, {
      method: "POST",
      headers: { authorization: `Convex ${server.adminKey}`, "content-encoding": "br" },
      body: brotliCompressSync(JSON.stringify(body)),
    });
    return { status: response.status, json: (await response.json()) as Json };
  };
  return { deployment, server, post };
}

const SERVER = `export const query = (handler) => Object.assign(handler, { isQuery: true, isPublic: true, isConvexFunction: true, _handler: handler, exportArgs: () => '{"type":"any"}', exportReturns: () => "null" });
export const mutation = (handler) => Object.assign(handler, { isMutation: true, isPublic: true, _handler: handler, exportArgs: () => '{"type":"any"}', exportReturns: () => "null" });`;
const NOTES = (answer: string): string => `import { query, mutation } from "./_deps/S.js";
export const add = mutation(async (ctx, row) => ctx.db.insert("notes", row));
export const answer = query(async () => ${answer});`;
const schemaOf = (tables: object[]): string =>
  `export default { export: () => ${JSON.stringify(JSON.stringify({ tables, schemaValidation: true }))} };`;
const notesTable = (type: string, indexes: object[] = [], more: object = {}): object => ({
  tableName: "notes",
  indexes,
  searchIndexes: [],
  vectorIndexes: [],
  documentType: { type: "object", value: { n: { fieldType: { type }, optional: false } } },
  ...more,
});

function pushOf(answer: string, tables: object[], more: { readonly [field: string]: unknown } = {}): object {
  const js = (path: string, source: string) => ({ path, source, environment: "isolate" });
  return {
    adminKey: "",
    dryRun: false,
    functions: "convex/",
    appDefinition: {
      definition: null,
      dependencies: [],
      schema: js("schema.js", schemaOf(tables)),
      changedModules: [js("notes.js", NOTES(answer)), js("_deps/S.js", SERVER)],
      unchangedModuleHashes: [],
      udfServerVersion: "1.48.0",
    },
    componentDefinitions: [],
    nodeDependencies: [],
    ...more,
  };
}

const wait = ({ schemaChange }: Json, dryRun = false): object => ({
  adminKey: "",
  schemaChange,
  timeoutMs: 10_000,
  dryRun,
});

async function push(pushing: Pushing, body: object): Promise<Json> {
  const started = await pushing.post("/api/deploy2/start_push", body);
  expect(started).toMatchObject({ status: 200 });
  expect((await pushing.post("/api/deploy2/wait_for_schema", wait(started.json))).json).toEqual({ type: "complete" });
  const finished = await pushing.post("/api/deploy2/finish_push", {
    adminKey: "",
    startPush: started.json,
    dryRun: false,
  });
  expect(finished.status).toBe(200);
  return finished.json;
}

async function answer({ server }: Pushing): Promise<unknown> {
  const response = await fetch(`${server.url}/api/query`, {
    method: "POST",
    body: JSON.stringify({ path: "notes:answer", args: {} }),
  });
  return ((await response.json()) as { value?: unknown }).value;
}

const BY_N = { indexDescriptor: "by_n", fields: ["n"] };

test("start tells what was found and changes nothing; wait pushes; finish tells what has changed", async () => {
  const pushing = await open();
  const { post } = pushing;
  const started = await post("/api/deploy2/start_push", pushOf("1", [notesTable("number", [BY_N])]));
  expect(started.json).toMatchObject({
    analysis: {
      "": {
        schema: { tables: [{ tableName: "notes", indexes: [BY_N] }], schemaValidation: true },
        functions: {
          "notes.js": {
            functions: [
              { name: "add", udfType: "Mutation", visibility: { kind: "public" }, args: '{"type":"any"}' },
              { name: "answer", udfType: "Query" },
            ],
          },
        },
      },
    },
    schemaChange: { indexDiffs: { "": { added_indexes: [{ name: "notes.by_n", fields: ["n"], staged: false }] } } },
  });
  expect(await answer(pushing)).toBeUndefined();
  expect((await post("/api/deploy2/wait_for_schema", wait(started.json))).json).toEqual({ type: "complete" });
  expect(await answer(pushing)).toBe(1);
  const finished = await post("/api/deploy2/finish_push", { startPush: started.json, dryRun: false });
  expect(finished.json).toMatchObject({
    authDiff: { added: [], removed: [] },
    componentDiffs: { "": { moduleDiff: { added: ["notes.js"], removed: [] } } },
  });
  const second = await push(pushing, pushOf("2", [notesTable("number")]));
  expect(second).toMatchObject({
    componentDiffs: { "": { indexDiff: { removed_indexes: [{ name: "notes.by_n" }] } } },
  });
  expect(await answer(pushing)).toBe(2);
});

test("data that does not match the schema fails the push, in a dry run, too, and nothing changes", async () => {
  const pushing = await open();
  const { post } = pushing;
  await push(pushing, pushOf("1", [notesTable("number")]));
  await fetch(`${pushing.server.url}/api/mutation`, {
    method: "POST",
    body: JSON.stringify({ path: "notes:add", args: { n: 5 } }),
  });
  for (const dryRun of [true, false]) {
    const started = await post("/api/deploy2/start_push", pushOf("2", [notesTable("string")], { dryRun }));
    expect((await post("/api/deploy2/wait_for_schema", wait(started.json, dryRun))).json).toMatchObject({
      type: "failed",
      error: expect.stringMatching(/in table "notes" does not match the schema/),
      componentPath: "",
    });
    const finished = await post("/api/deploy2/finish_push", { startPush: started.json, dryRun });
    expect(finished).toMatchObject({ status: 400, json: { message: expect.stringMatching(/does not match/) } });
  }
  expect(await answer(pushing)).toBe(1);
});

test("a dry run goes through and changes nothing", async () => {
  const pushing = await open();
  const { post } = pushing;
  await push(pushing, pushOf("1", [notesTable("number")]));
  const started = await post("/api/deploy2/start_push", pushOf("2", [notesTable("number", [BY_N])], { dryRun: true }));
  expect((await post("/api/deploy2/wait_for_schema", wait(started.json, true))).json).toEqual({ type: "complete" });
  const finished = await post("/api/deploy2/finish_push", { startPush: started.json, dryRun: true });
  expect(finished.json).toMatchObject({
    componentDiffs: { "": { indexDiff: { added_indexes: [{ name: "notes.by_n" }] } } },
  });
  expect(await answer(pushing)).toBe(1);
  expect((await pushing.deployment.analysis()).schema?.tables[0]?.indexes).toEqual([]);
});

test("of two pushes that race the one that comes later is told so", async () => {
  const pushing = await open();
  const { post } = pushing;
  const [slow, fast] = [
    await post("/api/deploy2/start_push", pushOf("1", [])),
    await post("/api/deploy2/start_push", pushOf("2", [])),
  ];
  expect((await post("/api/deploy2/wait_for_schema", wait(fast.json))).json).toEqual({ type: "complete" });
  expect((await post("/api/deploy2/wait_for_schema", wait(slow.json))).json).toEqual({ type: "raceDetected" });
  expect(await post("/api/deploy2/finish_push", { startPush: slow.json })).toMatchObject({
    status: 409,
    json: { code: "RaceDetected" },
  });
  expect(await answer(pushing)).toBe(2);
  const unknown = { schemaChange: { schemaIds: { "": "of another server" } }, timeoutMs: 1 };
  expect((await post("/api/deploy2/wait_for_schema", unknown)).json).toEqual({ type: "raceDetected" });
});

const component = {
  definitionPath: "../node_modules/@convex-dev/x",
  definition: {},
  dependencies: [],
  schema: null,
  functions: [],
  udfServerVersion: "",
};
const broken = (source: string): object => ({
  ...(pushOf("1", []) as { appDefinition: object }).appDefinition,
  changedModules: [{ path: "a.js", source, environment: "isolate" }],
});
test.each<[what: string, body: object, code: string, message: RegExp]>([
  [
    "a component",
    pushOf("1", [], { componentDefinitions: [component] }),
    "Unsupported",
    /has no components yet, and convex\.config uses ".*@convex-dev\/x"/,
  ],
  [
    "packages outside",
    pushOf("1", [], { nodeDependencies: [{ name: "sharp", version: "1" }] }),
    "Unsupported",
    /packages outside of the bundle \(sharp\)/,
  ],
  [
    "a module that throws",
    pushOf("1", [], { appDefinition: broken("throw new Error('at import')") }),
    "PushFailed",
    /Uncaught Error: at import/,
  ],
  [
    "a module that does not parse",
    pushOf("1", [], { appDefinition: broken("export const = 1") }),
    "InvalidModules",
    /a\.js:1: Expected identifier/,
  ],
  [
    "a text index",
    pushOf("1", [
      notesTable("string", [], { searchIndexes: [{ indexDescriptor: "find", searchField: "n", filterFields: [] }] }),
    ]),
    "Unsupported",
    /text search index "find" of table "notes".*--allow-unsupported/,
  ],
  ["no modules", { appDefinition: {} }, "InvalidModules", /`appDefinition\.changedModules` is not an array/],
])("a push with %s is refused at its start", async (_what, body, code, message) => {
  const { post } = await open();
  const { status, json } = await post("/api/deploy2/start_push", body);
  expect([status, json]).toEqual([400, { code, message: expect.stringMatching(message) }]);
});

test("a server that takes what is not there takes an index for search, too", async () => {
  const pushing = await open({ allowsUnsupported: true });
  const search = { searchIndexes: [{ indexDescriptor: "find", searchField: "n", filterFields: [] }] };
  await push(pushing, pushOf("3", [notesTable("string", [], search)]));
  expect(await answer(pushing)).toBe(3);
});

test("only who has the key pushes", async () => {
  const { server } = await open();
  for (const path of [
    "get_config_hashes",
    "deploy2/start_push",
    "deploy2/evaluate_push",
    "deploy2/wait_for_schema",
    "deploy2/finish_push",
  ]) {
    const response = await fetch(`${server.url}/api/${path}`, { method: "POST", body: "{}" });
    expect([path, response.status]).toEqual([path, 403]);
  }
});
