/**
 * The app of histories in which one core follows another: one in several versions, each with something that the others do not have.
 *
 * @module
 */

/** How a version differs from the others. */
interface Version {
  readonly schema: string;
  /** Seconds between runs of the cron; undefined: there is none. */
  readonly cronSeconds: number | undefined;
  /** What is looked at while modules are evaluated. */
  readonly atImport: string;
  readonly texts: string;
  readonly hasNode: boolean;
}

const PLAIN = `defineTable({ text: v.string() })`;
const INDEXED = `${PLAIN}.index("by_text", ["text"])`;
const ALL = `ctx.db.query("notes")`;
const BY_INDEX = `ctx.db.query("notes").withIndex("by_text", (q) => q.gte("text", "2"))`;

const VERSIONS: readonly Version[] = [
  { schema: `{ notes: ${PLAIN} }`, cronSeconds: 40, atImport: `"none"`, texts: ALL, hasNode: false },
  {
    schema: `{ notes: ${INDEXED} }`,
    cronSeconds: 80,
    atImport: "process.env.COLOUR",
    texts: BY_INDEX,
    hasNode: false,
  },
  {
    schema: `{ notes: ${PLAIN}, tags: defineTable({ tag: v.string() }).index("by_tag", ["tag"]) }`,
    cronSeconds: undefined,
    atImport: `"none"`,
    texts: ALL,
    hasNode: false,
  },
  { schema: `{ notes: ${INDEXED} }`, cronSeconds: 40, atImport: "process.env.COLOUR", texts: BY_INDEX, hasNode: true },
  // Refused while there are notes: they have no size.
  {
    schema: `{ notes: defineTable({ text: v.string(), size: v.number() }) }`,
    cronSeconds: 20,
    atImport: `"none"`,
    texts: ALL,
    hasNode: false,
  },
];

/** Files of each version. */
export const FOLLOWER_APPS: readonly { readonly [file: string]: string }[] = VERSIONS.map(filesOf);

/** Public queries of every version. They look at documents, files, scheduled functions and variables. */
export const FOLLOWER_QUERIES = ["texts", "jobs", "files", "variable", "version", "slow", "missing"].map(
  (name) => `notes:${name}`,
);

/** The query that is in quarantine when a history begins. */
export const QUARANTINED_QUERY = "notes:slow";

function filesOf(version: Version, number: number): { readonly [file: string]: string } {
  const { schema, cronSeconds, hasNode } = version;
  const cron =
    cronSeconds === undefined ? "" : `crons.interval("tick", { seconds: ${cronSeconds} }, add$, { text: "cron" });`;
  const node = `
      "use node";
      import { internalActionGeneric as internalAction } from "convex/server";
      export const act = internalAction(async () => process.env.SIZE ?? null);`;
  return {
    "schema.ts": `
      import { defineSchema, defineTable } from "convex/server";
      import { v } from "convex/values";
      export default defineSchema(${schema});`,
    "crons.ts": `
      import { cronJobs, makeFunctionReference } from "convex/server";
      const crons = cronJobs();
      const add$ = makeFunctionReference("notes:add");
      ${cron}
      export default crons;`,
    "notes.ts": notes(version, number),
    ...(hasNode ? { "heavy.ts": node } : {}),
  };
}

function notes({ atImport, texts, hasNode }: Version, number: number): string {
  return `
      import { mutationGeneric as mutation, queryGeneric as query, internalActionGeneric as internalAction,
        makeFunctionReference } from "convex/server";
      const colour = ${atImport};
      const add$ = makeFunctionReference("notes:add");
      const act$ = makeFunctionReference(${hasNode ? `"heavy:act"` : `"notes:act"`});
      export const add = mutation(async (ctx, { text }) => ctx.db.insert("notes", { text }));
      export const cut = mutation(async (ctx) => {
        const first = await ctx.db.query("notes").first();
        if (first !== null) await ctx.db.delete(first._id);
        const last = await ctx.db.query("notes").order("desc").first();
        if (last !== null) await ctx.db.patch(last._id, { text: last.text + "+" });
      });
      export const later = mutation(async (ctx, { ms, text }) => ctx.scheduler.runAfter(ms, add$, { text }));
      export const laterAction = mutation(async (ctx, { ms }) => ctx.scheduler.runAfter(ms, act$, {}));
      export const cancelAll = mutation(async (ctx) => {
        for (const job of await ctx.db.system.query("_scheduled_functions").collect())
          if (job.state.kind === "pending") await ctx.scheduler.cancel(job._id);
      });
      export const forget = mutation(async (ctx, { id }) => ctx.storage.delete(id));
      export const act = internalAction(async () => null);
      export const texts = query(async (ctx) => (await ${texts}.collect()).map((note) => note.text));
      export const jobs = query(async (ctx) => ctx.db.system.query("_scheduled_functions").collect());
      export const files = query(async (ctx) => {
        const files = await ctx.db.system.query("_storage").collect();
        return Promise.all(files.map(async (file) => [file._id, await ctx.storage.getUrl(file._id)]));
      });
      export const variable = query(async () => [process.env.COLOUR ?? null, process.env.SIZE ?? null]);
      export const version = query(async () => [${number}, colour ?? null]);
      export const slow = query(async (ctx) => (await ctx.db.query("notes").collect()).length);`;
}
