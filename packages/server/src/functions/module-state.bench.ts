/**
 * What does it cost that module state does not outlive a run?
 *
 * Expected before measuring: an app without state pays a look-up in an empty set for each call, under 1 % of a query run of 10 µs; the promise is
 * 5 %. An app that keeps state pays for the evaluation of the modules concerned: some microseconds for a small one, not the 870 µs of a context.
 *
 *   node --expose-gc --import tsx --conditions=@narrowcast/source packages/server/src/functions/module-state.bench.ts
 *
 * The same query of one document in one process: loaded as it is shipped, and by an executor that asks nothing about modules.
 *
 * @module
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { report } from "../../../../bench/compare.ts";
import { comparePaired } from "../../../../bench/paired-cpu.ts";
import type * as MemoryEngineModule from "../engine/memory-engine.ts";
import { bundleTexts } from "../kit/text-app.ts";
import type * as DatabaseModule from "../tx/database.ts";
import type { ExecuteRequest, RunFiles, UserCode } from "./execute-types.ts";
import type * as LoadModule from "./load.ts";

const TURNS = process.env["BENCH"] === "smoke" ? 0 : 600;
const BATCH = 200;
const NOW_MS = 1_700_000_000_000;

// As it is shipped: the loader for TypeScript wraps every function that is made.
const shipped = async <T>(file: string): Promise<T> =>
  (await import(new URL(`../../dist/${file}`, import.meta.url).href)) as T;
const { loadUserCode } = await shipped<typeof LoadModule>("functions/load.js");
const { MemoryEngine } = await shipped<typeof MemoryEngineModule>("engine/memory-engine.js");
const { Database } = await shipped<typeof DatabaseModule>("tx/database.js");

const APP = (state: string, use: string): { readonly [name: string]: string } => ({
  "lib/limits.ts": `${state} export const LIMITS = { rows: 10 }; export const next = () => ${use};`,
  "rows.ts": `
    import { mutationGeneric as mutation, queryGeneric as query } from "convex/server";
    import { v } from "convex/values";
    import { LIMITS, next } from "./lib/limits";
    export const add = mutation({ args: { n: v.number() }, handler: async (ctx, { n }) => ctx.db.insert("rows", { n }) });
    export const one = query({ args: { id: v.id("rows") }, handler: async (ctx, { id }) => (await ctx.db.get(id)).n + LIMITS.rows + next() });`,
});

const noBytes = (): Promise<never> => Promise.reject(new Error("no bytes here"));
const database = Database.open({
  engine: new MemoryEngine<Doc>(),
  clock: { nowMs: () => NOW_MS },
  random: { bytes: (count) => new Uint8Array(count).map((_, at) => (at * 7) % 256) },
  limits: CONVEX_LIMITS,
});
const urls = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
const host: ExecuteRequest["host"] = {
  ...urls,
  limits: CONVEX_LIMITS,
  nowMs: NOW_MS,
  seed: 1,
  environment: new Map(),
  schedule: () => "",
  cancelScheduled: () => {},
  files: { put: noBytes, read: noBytes } as unknown as RunFiles,
};

async function load(state: string, use: string, isAsked: boolean): Promise<UserCode> {
  const settings = { ...urls, limits: CONVEX_LIMITS, environment: new Map<string, string>(), nowMs: NOW_MS, seed: 1 };
  const { isolate } = await bundleTexts(APP(state, use));
  return loadUserCode({ isolate, nodeFunctions: [] }, { ...settings, keepsModules: !isAsked });
}

async function call(user: UserCode, kind: "query" | "mutation", path: string, args: object): Promise<string> {
  const tx = database.begin({ readOnly: kind === "query" });
  const { result } = await user.execute({
    path,
    kind,
    args: JSON.stringify(args),
    identity: { kind: "none", key: "", attributes: null },
    allowInternal: false,
    journal: null,
    requestId: "0123456789abcdef",
    tx,
    host,
  });
  if (kind === "mutation") tx.commit(path);
  tx.abort();
  if (!result.ok) throw new Error(result.errorMessage);
  return result.value;
}

async function measure(name: string, off: readonly UserCode[], on: readonly UserCode[]): Promise<void> {
  const work = (user: UserCode) => async (): Promise<void> => {
    for (let n = 0; n < BATCH; n += 1) await call(user, "query", "rows:one", { id });
  };
  const [off1, off2, on1, on2] = [...off, ...on].map(work) as [never, never, never, never];
  const compared = await comparePaired(name, { off: [off1, off2], on: [on1, on2] }, TURNS);
  if (compared === undefined) return;
  for (const ratio of [compared.ratio, compared.error]) process.stdout.write(`${report(ratio, 3)}\n`);
}

const without = [await load("", "1", false), await load("", "1", false)];
const asked = [await load("", "1", true), await load("", "1", true)];
const keeping = [await load("let n = 0;", "++n", true), await load("let n = 0;", "++n", true)];
const id = JSON.parse(await call(without[0]!, "mutation", "rows:add", { n: 1 })) as string;
await measure(`${BATCH} queries of 1 document, no module holds state`, without, asked);
await measure(`${BATCH} queries of 1 document, a module holds state, against modules that stay`, without, keeping);
