/**
 * The core in this thread, from the built packages, for what no client can see: the cost of a run and counted look-ups.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { bundleApp } from "@narrowcast/server";
import {
  CONVEX_LIMITS,
  decodeDocument,
  encodeDocument,
  stringifyValue,
  type Doc,
  type Value,
} from "@narrowcast/values";
import type { CallOutcome } from "@narrowcast/server";
import type * as Testing from "@narrowcast/server/testing";
import type { Core, CoreCall, CoreRequest, FromCore } from "@narrowcast/server/testing";

const NOBODY = { kind: "none", key: "", attributes: null } as const;
const UNSET = "http://127.0.0.1:0";

/** The entry point as it was built: measured is what is shipped. */
const BUILT = new URL("../packages/server/dist/testing.js", import.meta.url).href;

type Engine = Testing.DiskEngine<Doc>;

/** See the module comment. */
export class InnerCore {
  readonly engine: Engine;
  readonly #main: Testing.MainSide;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  #nextId = 0;
  #opened: { readonly core: Core; close(): Promise<void> } | undefined;

  private constructor(engine: Engine, main: Testing.MainSide) {
    this.engine = engine;
    this.#main = main;
  }

  /** Opens the store in `directory` and pushes the app unless it has one. */
  static async open(directory: string, memoryBytes?: number): Promise<InnerCore> {
    const { MainSide, openCoreIn, openDiskEngine } = (await import(BUILT)) as typeof Testing;
    const codec = { encode: encodeDocument, decode: decodeDocument };
    const engine = openDiskEngine<Doc>({ directory, codec, memoryBytes });
    const main = new MainSide();
    const inner = new InnerCore(engine, main);
    const start = { cloudUrl: UNSET, siteUrl: UNSET, limits: CONVEX_LIMITS, suspects: [], running: [] };
    inner.#opened = await openCoreIn({ start, directory, engine }, (batch) => inner.#receive(batch));
    if (inner.core.runner.active === undefined) {
      const { code } = await bundleApp(fileURLToPath(new URL("apps/store/convex", import.meta.url)));
      const manifest = main.manifestOf(code);
      const outcome = (await inner.#request((id) => ({ type: "push", id, code: manifest }))) as {
        ok: boolean;
        message?: string;
      };
      if (!outcome.ok) throw new Error(`Cannot push the app: ${outcome.message}`);
    }
    return inner;
  }

  get core(): Core {
    if (this.#opened === undefined) throw new Error("Cannot use the core: it is not open");
    return this.#opened.core;
  }

  /** Resolves when it is durable, as a client would be told. */
  async mutate(path: string, args: Value): Promise<void> {
    const call = callOf(path, args);
    const outcome = (await this.#request((id) => ({ type: "mutation", id, call, dedupe: null }))) as CallOutcome;
    if (!outcome.ok) throw new Error(outcome.errorMessage);
  }

  /** Executes a query as the reactive room does for a new subscription. Returns the result's JSON text. */
  async run(path: string, args: string): Promise<string> {
    const { result } = await this.core.runner.query({ path, args, identity: NOBODY, journal: null }, "Subscription");
    if (!result.ok) throw new Error(result.errorMessage);
    return result.value;
  }

  async close(): Promise<void> {
    await this.#opened?.close();
  }

  #request(make: (id: number) => CoreRequest): Promise<unknown> {
    const id = this.#nextId++;
    const answered = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
    });
    this.core.receive([make(id)]);
    return answered;
  }

  #receive(batch: readonly FromCore[]): void {
    for (const message of batch) {
      const answer = this.#main.answer(message);
      if (answer !== undefined) this.core.receive([answer]);
      if (message.type === "failed") throw new Error(message.message);
      if (message.type !== "reply" && message.type !== "refused") continue;
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.type === "reply") waiting?.resolve(message.value);
      else waiting?.reject(new Error(message.message));
    }
  }
}

function callOf(path: string, args: Value): CoreCall {
  const requestId = "0123456789abcdef";
  return { path, args: stringifyValue(args), identity: NOBODY, allowInternal: false, requestId, caller: "HttpApi" };
}
