/**
 * What main answers a core about code, for whoever holds a core without main: scripts of pushes, and "use node" modules evaluated in this thread.
 *
 * @module
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import { takeApart } from "../app/code-manifest.ts";
import type { CodeManifest, CodePackage, ModuleSource } from "../app/types.ts";
import { analyzeNodeModules } from "../functions/load.ts";
import type { FromCore, NodeAnalysisOutcome, ToCore } from "../protocol/core-protocol.ts";

/** See the module comment. */
export class MainSide {
  readonly #sources = new Map<string, ModuleSource>();
  /** Scripts that the core asked for. */
  asked = 0;
  /** Evaluations of "use node" modules that the core asked for. */
  analyses = 0;

  /** Keeps the scripts of a push, and gives their list. */
  manifestOf(code: CodePackage): CodeManifest {
    const { manifest, sources } = takeApart(code);
    for (const [hash, source] of sources) this.#sources.set(hash, source);
    return manifest;
  }

  /** The answer to a message that asks for one. */
  answer(message: FromCore): ToCore | undefined {
    if (message.type === "needModules") {
      this.asked += message.hashes.length;
      return { type: "modules", request: message.id, sources: message.hashes.map((hash) => this.#source(hash)) };
    }
    if (message.type !== "analyzeNode") return undefined;
    this.analyses += 1;
    return { type: "nodeAnalysis", request: message.id, outcome: this.#analyze(message) };
  }

  #analyze({ code, environment }: Extract<FromCore, { type: "analyzeNode" }>): NodeAnalysisOutcome {
    const [isolate, node] = (["isolate", "node"] as const).map((of) => {
      const hash = code.modules.find((module) => module.environment === of)?.hash;
      return hash === undefined ? undefined : { ...this.#source(hash), modules: [] };
    });
    if (isolate === undefined) throw new Error("Cannot analyse: the push has no isolate script");
    const urls = { cloudUrl: "http://cloud", siteUrl: "http://site" };
    const variables = new Map(environment.map(({ name, value }) => [name, value]));
    const settings = { ...urls, limits: CONVEX_LIMITS, environment: variables, nowMs: 0, seed: 0 };
    try {
      const scripts = { isolate, node: node ?? null, nodeResolveDir: code.nodeResolveDir };
      return { ok: true, analysis: analyzeNodeModules(scripts, settings) };
    } catch (error) {
      return { ok: false, code: "PushFailed", message: error instanceof Error ? error.message : String(error) };
    }
  }

  #source(hash: string): ModuleSource {
    const source = this.#sources.get(hash);
    if (source === undefined) throw new Error(`Cannot give script ${hash}: no push brought it`);
    return source;
  }
}
