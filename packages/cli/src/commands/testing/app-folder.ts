/**
 * A small Convex app in a temporary folder, and the built `narrowcast` command run in it as a process of its own.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PACKAGE = join(import.meta.dirname, "..", "..", "..");
const MAIN = join(PACKAGE, "dist", "main.js");
const NODE_MODULES = join(PACKAGE, "..", "..", "node_modules");
const WAIT_MAX_MS = 20_000;
const LOOK_EVERY_MS = 20;

const NOTES = `
import { actionGeneric, internalMutationGeneric, internalQueryGeneric, makeFunctionReference, mutationGeneric, queryGeneric } from "convex/server";
import { ConvexError, v } from "convex/values";

export const add = mutationGeneric({
  args: { text: v.string() },
  handler: async (ctx, { text }) => {
    console.log("adding", text);
    return await ctx.db.insert("notes", { text });
  },
});
export const count = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.db.query("notes").collect()).length,
});
export const hidden = internalQueryGeneric({ args: {}, handler: async () => "for administrators" });
export const greeting = queryGeneric({ args: {}, handler: async () => process.env.GREETING ?? null });
export const who = queryGeneric({
  args: {},
  handler: async (ctx) => (await ctx.auth.getUserIdentity())?.name ?? null,
});
export const slowly = actionGeneric({
  args: {},
  handler: async () => {
    for (const part of [1, 2, 3]) {
      console.log("part", part, "of 3");
      await new Promise((resolve) => setTimeout(resolve, 700));
    }
    return "done";
  },
});
export const countDown = internalMutationGeneric({
  args: { left: v.number() },
  handler: async (ctx, { left }) => {
    console.log("left:", left);
    if (left > 0) await ctx.scheduler.runAfter(100, makeFunctionReference("notes:countDown"), { left: left - 1 });
    return { isDone: left === 0 };
  },
});
export const fail = mutationGeneric({
  args: {},
  handler: async (ctx) => {
    await ctx.db.insert("notes", { text: "never" });
    throw new ConvexError({ code: "no-luck" });
  },
});
`;

const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ notes: defineTable({ text: v.string() }).index("by_text", ["text"]) });
`;

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** The folder; the app has a table `notes` and the functions of `notes.ts`. */
export class AppFolder {
  readonly directory: string;
  readonly #running = new Set<RunningCommand>();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make({ hasModules = true }: { readonly hasModules?: boolean } = {}): Promise<AppFolder> {
    const app = new AppFolder(await mkdtemp(join(tmpdir(), "narrowcast-cli-")));
    await mkdir(join(app.directory, "convex"));
    if (hasModules) await symlink(NODE_MODULES, join(app.directory, "node_modules"));
    await app.write("convex/notes.ts", NOTES);
    await app.write("convex/schema.ts", SCHEMA);
    return app;
  }

  async write(file: string, text: string): Promise<void> {
    await writeFile(join(this.directory, file), text);
  }

  /** Starts a command and leaves it running. */
  start(...argv: string[]): RunningCommand {
    const child = spawn(process.execPath, [MAIN, ...argv], { cwd: this.directory, stdio: ["ignore", "pipe", "pipe"] });
    const command = new RunningCommand(child);
    this.#running.add(command);
    return command;
  }

  /** Runs a command to its end. */
  async run(...argv: string[]): Promise<Ended> {
    return await this.start(...argv).ended;
  }

  /** Ends what still runs. */
  async killAll(): Promise<void> {
    await Promise.all(Array.from(this.#running, (command) => command.stop("SIGKILL")));
    this.#running.clear();
  }

  /** Ends what still runs and removes the folder. */
  async close(): Promise<void> {
    await this.killAll();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** A command that runs, with what it has printed. */
export class RunningCommand {
  out = "";
  err = "";
  readonly ended: Promise<Ended>;
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding("utf8").on("data", (text: string) => (this.out += text));
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.err += text));
    this.ended = new Promise((resolve) => {
      child.once("close", (code) => resolve({ code, out: this.out, err: this.err }));
    });
  }

  /** Waits until what it printed from `from` on matches. Gives all that it has printed. */
  async until(stream: "out" | "err", pattern: RegExp, from = 0): Promise<string> {
    const endMs = Date.now() + WAIT_MAX_MS;
    while (!pattern.test(this[stream].slice(from))) {
      if (Date.now() > endMs || this.#child.exitCode !== null) {
        throw new Error(`Cannot find ${pattern}; printed was:\n${this.out}\n${this.err}`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
    return this[stream];
  }

  async stop(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): Promise<Ended> {
    this.#child.kill(signal);
    return await this.ended;
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
