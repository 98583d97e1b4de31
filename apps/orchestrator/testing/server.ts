/**
 * The real server in this process, with the app pushed to it: sockets and HTTP on free ports of the loopback interface.
 *
 * The app's functions are bundled once per process, with one more module (`arrange-module.ts`) that only tests have.
 */
import { cp, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference, type FunctionReference } from "convex/server";
import type { Value } from "convex/values";
import {
  AdminKeys,
  bundleApp,
  startDeployment,
  startServer,
  type BundledApp,
  type RunningDeployment,
  type RunningHttp,
} from "@narrowcast/server";
import schema from "../convex/schema.ts";
import { PASSWORD } from "./backend.ts";

const APP = join(import.meta.dirname, "..");
const TABLES = Object.keys(schema.tables);
/** Any secret will do: the keys live as long as the test. */
const SECRET = new Uint8Array(32).fill(7);
const PLACEHOLDER_URL = "http://127.0.0.1";

/** How a server under test is started. */
export interface TestServerOptions {
  /** A store on disk; left out: in memory. */
  readonly directory?: string;
  /** The core in a thread of its own with a watchdog, as the product runs it; or in this thread. */
  readonly threads?: boolean;
  /** 0 takes a free one. */
  readonly port?: number;
  /** The store has the code and the environment already. */
  readonly isPushed?: boolean;
}

let bundled: Promise<BundledApp["code"]> | undefined;

/** One server with the app on it. */
export class TestServer {
  readonly deployment: RunningDeployment;
  readonly http: RunningHttp;
  readonly adminKey: string;
  readonly #admin: ConvexHttpClient;

  private constructor(deployment: RunningDeployment, http: RunningHttp, adminKey: string) {
    this.deployment = deployment;
    this.http = http;
    this.adminKey = adminKey;
    this.#admin = new ConvexHttpClient(http.url);
    // Present in the published client for the official command line; left out of its public types.
    (this.#admin as unknown as { setAdminAuth(key: string): void }).setAdminAuth(adminKey);
  }

  static async start(options: TestServerOptions = {}): Promise<TestServer> {
    const { directory, threads = false, port = 0, isPushed = false } = options;
    const deployment = await startDeployment({
      directory,
      threads,
      // What the app's functions cost is told by Convex's rules; Narrowcast's own are compared with them by the cost sheet.
      tracking: "document",
      cloudUrl: PLACEHOLDER_URL,
      siteUrl: PLACEHOLDER_URL,
    });
    const adminKeys = new AdminKeys(SECRET);
    const http = await startServer({ deployment, adminKeys, port, sitePort: 0 });
    const server = new TestServer(deployment, http, adminKeys.issue());
    if (!isPushed) {
      await server.setPassword(PASSWORD);
      bundled ??= bundle();
      const outcome = await deployment.push(await bundled);
      if (!outcome.ok) throw new Error(outcome.message);
    }
    return server;
  }

  get url(): string {
    return this.http.url;
  }

  /** Sets `ADMIN_PASSWORD`, or removes it. */
  async setPassword(value: string | null): Promise<void> {
    await this.deployment.setEnvironment([{ name: "ADMIN_PASSWORD", value }]);
  }

  /** Calls any mutation, internal ones too, as an administrator. */
  async adminMutation(fn: string | FunctionReference<"mutation", "internal">, args: object): Promise<unknown> {
    const reference = typeof fn === "string" ? makeFunctionReference<"mutation">(fn) : fn;
    const call = this.#admin.mutation.bind(this.#admin) as (fn: unknown, args: unknown) => Promise<unknown>;
    return await call(reference, args);
  }

  async adminQuery(path: string, args: Record<string, Value>): Promise<unknown> {
    return await this.#admin.query(makeFunctionReference<"query">(path), args);
  }

  /** Removes every document and sets the password again. */
  async clear(): Promise<void> {
    for (let isDone = false; !isDone;) {
      isDone = (await this.adminMutation("arrange:clear", { tables: TABLES })) as boolean;
    }
    await this.setPassword(PASSWORD);
  }

  async close(): Promise<void> {
    await this.http.close();
    await this.deployment.close();
  }
}

/** The app with the module for tests, from a copy of its folder. */
async function bundle(): Promise<BundledApp["code"]> {
  const folder = await mkdtemp(join(tmpdir(), "orchestrator-app-"));
  try {
    const convex = join(folder, "convex");
    await mkdir(convex);
    await cp(join(APP, "convex"), convex, { recursive: true });
    await cp(join(APP, "testing", "arrange-module.ts"), join(convex, "arrange.ts"));
    await symlink(join(APP, "..", "..", "node_modules"), join(folder, "node_modules"));
    return (await bundleApp(convex)).code;
  } finally {
    await rm(folder, { recursive: true });
  }
}
