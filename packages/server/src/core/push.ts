/**
 * Pushes: new code becomes the active one, or nothing changes.
 *
 *   missing scripts, analysis of "use node" modules ◀─ main ─▶ load ─▶ check ─▶ plan schema
 *                                                              │
 *   one commit {code, schema, crons} ◀─ step … step (other work in between) ◀─┘
 *
 * Invariants:
 *   - Until the commit the old code, schema and crons are in force; a failure at any point leaves them so.
 *   - Code, schema and crons change in one commit; every run is invalidated with it.
 *   - A push only writes that commit: that its code is active then follows from it (`deployment-state.ts`), here as in a core that opens or follows.
 *   - One push at a time; the next one waits.
 *
 * @module
 */
import { AnalysisError } from "../isolate/analyze.ts";
import { UserError } from "../tx/types.ts";
import type { PushOutcome, PushUntil } from "../protocol/deployment-types.ts";
import { scriptRef } from "../app/code-manifest.ts";
import type { CodeManifest, ModuleSource, NodeAnalysis } from "../app/types.ts";
import { checkCrons, deployCrons } from "./cron-rows.ts";
import type { DeployParts } from "./deploy-parts.ts";
import type { ActiveCode } from "./deployed-code.ts";
import { missingHashes, storeCode } from "./stored-code.ts";

/** A change of the schema under way. */
type SchemaChange = ReturnType<DeployParts["schemas"]["planSchema"]>;

/** Rows that one step of a schema change visits. */
const ROWS_A_STEP = 512;
/** A message of progress each so many steps. */
const STEPS_A_MESSAGE = 50;

/** Begins a push, whose steps are jobs of the core's queue; the last one sends the answer. With `until` nothing changes. */
export function pushCode(parts: DeployParts, id: number, code: CodeManifest, until?: PushUntil): void {
  const push = new Push(parts, id, code, until);
  parts.line.add(() => push.start());
}

class Push {
  readonly #parts: DeployParts;
  readonly #id: number;
  readonly #code: CodeManifest;
  readonly #until: PushUntil | undefined;
  #sources: ReadonlyMap<string, ModuleSource> = new Map();
  #steps = 0;

  constructor(parts: DeployParts, id: number, code: CodeManifest, until: PushUntil | undefined) {
    this.#parts = parts;
    this.#id = id;
    this.#code = code;
    this.#until = until;
  }

  start(): void {
    this.#parts.enqueue(() => {
      this.#tell("Loading functions");
      void this.#gather(this.#parts.commits.read((tx) => missingHashes(tx, this.#code)));
    });
  }

  /** What comes from main, while the queue goes on. */
  async #gather(missing: readonly string[]): Promise<void> {
    const { asks, state } = this.#parts;
    const environment = state.variables;
    try {
      this.#sources = await asks.modules(this.#id, missing);
      const node = this.#knownAnalysis() ?? (await asks.nodeAnalysis(this.#id, this.#code, environment));
      this.#parts.enqueue(() => this.#load(node));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** What the same script defined, in the same environment. Packages outside of it may be others now. */
  #knownAnalysis(): NodeAnalysis | undefined {
    const { active } = this.#parts.state.code;
    if (active === undefined || this.#code.nodeResolveDir !== null || active.code.nodeResolveDir !== null)
      return undefined;
    const isSame = scriptRef(active.code, "node")?.hash === scriptRef(this.#code, "node")?.hash;
    return isSame ? active.node : undefined;
  }

  async #load(node: NodeAnalysis): Promise<void> {
    try {
      const { clock, random, loader, state, schemas } = this.#parts;
      const seed = Buffer.from(random.bytes(4)).readUInt32LE();
      const stored = { code: this.#code, facts: { nowMs: Math.floor(clock.nowMs()), seed }, node };
      const run = { kind: "load", request: this.#id } as const;
      const { environment } = state;
      const loaded = await loader.load({ run, why: "push", stored, environment, sources: this.#sources });
      checkCrons(loaded.user.analysis);
      const change = schemas.planSchema(loaded.user.analysis.schema);
      if (this.#until === "analysis") this.#leave(loaded, change);
      else this.#step(loaded, change);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** One slice of the schema's work, then the next one behind whatever came meanwhile. */
  #step(loaded: ActiveCode, change: SchemaChange): void {
    this.#parts.enqueue(() => {
      try {
        this.#steps += 1;
        if (this.#steps % STEPS_A_MESSAGE === 1) this.#tell("Checking documents and filling indexes");
        if (change.step(ROWS_A_STEP) === "more") return this.#step(loaded, change);
        if (this.#until !== undefined) return this.#leave(loaded, change);
        this.#commit(loaded, change);
      } catch (error) {
        change.cancel();
        return this.#fail(error);
      }
      // From here on the new code is stored: a failure now ends the core, which opens again with it.
      this.#finish(loaded, change);
    });
  }

  #commit(loaded: ActiveCode, change: SchemaChange): void {
    const { commits, state, clock } = this.#parts;
    const tx = commits.begin({ readOnly: false });
    try {
      change.apply(tx);
      storeCode(tx, loaded, this.#sources);
      deployCrons(tx, loaded.user.analysis.crons, clock.nowMs());
      tx.changeName("deployment");
      state.code.prepare(loaded);
      commits.commit(tx, "_system/push");
    } finally {
      tx.abort();
    }
  }

  #finish(loaded: ActiveCode, change: SchemaChange): void {
    this.#parts.schemas.dropRemovedIndexes();
    this.#succeed(loaded, change);
  }

  /** Everything went well so far, and nothing is to be changed. */
  #leave(loaded: ActiveCode, change: SchemaChange): void {
    change.cancel();
    this.#parts.say({ type: "dropAnalysis", id: this.#id });
    this.#succeed(loaded, change);
  }

  #succeed(loaded: ActiveCode, { indexesAdded, indexesRemoved }: SchemaChange): void {
    const { analysis } = loaded.user;
    const summary = { functions: analysis.functions.length, indexesAdded, indexesRemoved };
    this.#end({ ok: true, analysis, summary });
  }

  #fail(error: unknown): void {
    this.#parts.say({ type: "dropAnalysis", id: this.#id });
    const known = error instanceof UserError || error instanceof AnalysisError ? error.code : undefined;
    const code = known ?? "PushFailed";
    this.#end({ ok: false, code, message: error instanceof Error ? error.message : String(error) });
  }

  #end(value: PushOutcome): void {
    this.#parts.say({ type: "reply", id: this.#id, value });
    this.#parts.line.done();
  }

  #tell(message: string): void {
    this.#parts.say({ type: "progress", id: this.#id, message });
  }
}
