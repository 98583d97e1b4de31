/**
 * What the core asks main for in the middle of a push or a change of the environment, without holding up its queue.
 *
 *   needModules ─▶ main ─▶ modules          scripts that the store lacks
 *   analyzeNode ─▶ main ─▶ nodeAnalysis     an action thread evaluates the "use node" modules
 *
 * Each request asks at most once for either, and goes on with a job of its own when the answer has come.
 *
 * @module
 */
import type { EnvironmentEntry, FromCore, ToCore } from "../protocol/core-protocol.ts";
import type { CodeManifest, ModuleSource, NodeAnalysis } from "../app/types.ts";
import { scriptRef } from "../app/code-manifest.ts";
import { UserError } from "../tx/types.ts";

type Answer = Extract<ToCore, { type: "modules" | "nodeAnalysis" }>;

/** What an app without "use node" modules defines in them. */
const NO_NODE: NodeAnalysis = { functions: [], environmentRead: [] };

/** See the module comment. */
export class MainAsks {
  readonly #say: (message: FromCore) => void;
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(say: (message: FromCore) => void) {
    this.#say = say;
  }

  /** Scripts that push `id` brings, by hash. */
  async modules(id: number, hashes: readonly string[]): Promise<ReadonlyMap<string, ModuleSource>> {
    if (hashes.length === 0) return new Map();
    const answer = await this.#ask({ type: "needModules", id, hashes }, "modules");
    return new Map(answer.sources.map((source, at) => [hashes[at] ?? "", source]));
  }

  /**
   * What the "use node" modules of `code` define in that environment.
   *
   * @throws {UserError} When they do not load.
   */
  async nodeAnalysis(id: number, code: CodeManifest, environment: readonly EnvironmentEntry[]): Promise<NodeAnalysis> {
    if (scriptRef(code, "node") === undefined) return NO_NODE;
    const { outcome } = await this.#ask({ type: "analyzeNode", id, code, environment }, "nodeAnalysis");
    if (!outcome.ok) throw new UserError(outcome.code, outcome.message);
    return outcome.analysis;
  }

  /** Takes main's answer. One that nobody waits for was for a core before this. */
  answer(message: Answer): void {
    const key = `${message.type} ${message.request}`;
    this.#waiting.get(key)?.(message);
    this.#waiting.delete(key);
  }

  #ask<T extends Answer["type"]>(
    message: Extract<FromCore, { type: "needModules" | "analyzeNode" }>,
    type: T,
  ): Promise<Extract<Answer, { type: T }>> {
    return new Promise((resolve) => {
      this.#waiting.set(`${type} ${message.id}`, (answer) => resolve(answer as Extract<Answer, { type: T }>));
      this.#say(message);
    });
  }
}
