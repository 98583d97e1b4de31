/**
 * The texts of scripts in main, by hash: those of pushes under way, and of the active code once a thread asked for them.
 *
 *   push(code) ─▶ list of hashes ─▶ core ─needModules─▶ here ─modules─▶ core      only what the store lacks
 *   action thread ─needModules─▶ here, or from the core's store ─modules─▶ thread
 *
 * Invariants:
 *   - What a push under way names can be given until its answer has come, also to a core that was started again.
 *   - Nothing else is held but what the active code names.
 *
 * @module
 */
import { hashesOf, takeApart } from "../app/code-manifest.ts";
import type { CodeManifest, CodePackage, ModuleSource } from "../app/types.ts";

/** See the module comment. */
export class CodeHost {
  readonly #held = new Map<string, ModuleSource>();
  readonly #pushes = new Set<CodeManifest>();
  readonly #fromStore: (hashes: readonly string[]) => Promise<readonly (ModuleSource | null)[]>;
  #active: CodeManifest | null = null;

  /** @param fromStore Asks the core. */
  constructor(fromStore: (hashes: readonly string[]) => Promise<readonly (ModuleSource | null)[]>) {
    this.#fromStore = fromStore;
  }

  /** Scripts held. */
  get size(): number {
    return this.#held.size;
  }

  /** Has `send` push the code by its list, and holds its texts as long as that takes. */
  async push<T>(code: CodePackage, send: (manifest: CodeManifest) => Promise<T>): Promise<T> {
    const { manifest, sources } = takeApart(code);
    for (const [hash, source] of sources) this.#held.set(hash, source);
    this.#pushes.add(manifest);
    try {
      return await send(manifest);
    } finally {
      this.#pushes.delete(manifest);
      this.#release();
    }
  }

  /** The scripts of a push under way. @throws {Error} For another hash: a push brings what it names. */
  pushed(hashes: readonly string[]): readonly ModuleSource[] {
    return hashes.map((hash) => {
      const source = this.#held.get(hash);
      if (source === undefined) throw new Error(`Cannot give script ${hash}: no push under way names it`);
      return source;
    });
  }

  /** This code is active now. */
  setActive(manifest: CodeManifest | null): void {
    this.#active = manifest;
    this.#release();
  }

  /** Scripts of the active code, or of a push under way. @throws {Error} When neither names them. */
  async read(hashes: readonly string[]): Promise<readonly ModuleSource[]> {
    const missing = hashes.filter((hash) => !this.#held.has(hash));
    if (missing.length > 0) {
      const stored = await this.#fromStore(missing);
      missing.forEach((hash, at) => {
        const source = stored[at] ?? null;
        if (source === null) throw new Error(`Cannot load the app's modules: script ${hash} is not stored`);
        this.#held.set(hash, source);
      });
    }
    const sources = this.pushed(hashes);
    this.#release();
    return sources;
  }

  #release(): void {
    const named = new Set([...this.#pushes, ...(this.#active === null ? [] : [this.#active])].flatMap(hashesOf));
    for (const hash of this.#held.keys()) if (!named.has(hash)) this.#held.delete(hash);
  }
}
