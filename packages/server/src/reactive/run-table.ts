/**
 * The table of runs: finds the run that can answer a request, and keeps unsubscribed results for a while.
 *
 *   request ──function, arguments, journal, visibility──▶ family ──▶ the identity's own run
 *                                                          └──▶ the shared run (nobody's identity was looked at)
 *
 * Laws (numbers as in README.md):
 *   - L6: two requests get one run only if no execution could tell them apart.
 *   - L7: a run is found under the journal it was given and the one it produced while its result holds, and afterwards
 *     only under the one it produced: whoever asks without a journal gets a page of the size they asked for.
 *   - L9: what nobody holds is kept only if it is a clean success, under a budget of bytes, oldest use out first.
 *
 * A place holds one run. A run that lost its place to a newer one lives on with its holders until it turns dirty; then
 * each holder finds the newer one.
 *
 * Not here: executing (`reactor.ts`), sockets (`sockets.ts`).
 *
 * @module
 */
import type { Dependencies } from "./dependency-index.ts";
import { bytesOfResult, sameResult } from "./results.ts";
import { familyKey, mayRunInternal, Run, SHARED, slotOf } from "./run.ts";
import type { Family } from "./run.ts";
import type { RunOutcome, RunRequest } from "./types.ts";

/** Memory of a run besides its texts, and of one watched thing, in bytes: measured by `reactive.bench.ts`, rounded up. */
const RUN_BYTES = 1_000;
const WATCH_BYTES = 250;
/** Memory of one observed document or field name. */
const OBSERVED_BYTES = 100;

/** Limits and clock of the table. */
interface RunTableOptions {
  /** Budget of results that nobody holds. */
  readonly cacheBytes: number;
  /** How long a result that looked at the clock may answer new askers. */
  readonly clockReuseMs: number;
  nowMs(): number;
}

/** See the module comment. */
export class RunTable {
  readonly #families = new Map<string, Family>();
  readonly #runs = new Map<number, Run>();
  /** Clean runs without holders, least recently used first. */
  readonly #idle = new Set<Run>();
  readonly #index: Dependencies;
  readonly #options: RunTableOptions;
  #idleBytes = 0;
  #nextId = 0;

  constructor(index: Dependencies, options: RunTableOptions) {
    this.#index = index;
    this.#options = options;
  }

  /** Number of runs, held and kept. */
  get size(): number {
    return this.#runs.size;
  }

  /** Estimated bytes of results that nobody holds; at most `cacheBytes`. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** The run with a dependency-index number. */
  byId(id: number): Run | undefined {
    return this.#runs.get(id);
  }

  all(): Iterable<Run> {
    return this.#runs.values();
  }

  /** A run that answers `request`, now or once it has run; clean ones first. */
  find(request: RunRequest): Run | undefined {
    const family = this.#families.get(familyKey(request, mayRunInternal(request)));
    if (family === undefined) return undefined;
    const own = family.slots.get(slotOf(request.identity));
    if (own?.state === "clean" && this.#isFreshEnough(own)) return own;
    const shared = family.slots.get(SHARED);
    if (shared?.state === "clean" && this.#isFreshEnough(shared)) return shared;
    if (own !== undefined && own.state !== "clean") return own;
    return shared?.state === "clean" ? undefined : shared;
  }

  /** A new dirty run for `request`. */
  create(request: RunRequest): Run {
    const run = new Run(this.#nextId++, request);
    this.#runs.set(run.id, run);
    const family = this.#family(familyKey(request, run.allowInternal));
    this.#place(run, family, family.observesIdentity ? slotOf(request.identity) : SHARED);
    return run;
  }

  /** Takes in what an execution as `run.identity` gave. Returns whether a client could see a difference. */
  finish(run: Run, outcome: RunOutcome): boolean {
    const former = run.result;
    const { result } = outcome;
    const isSame = former !== undefined && sameResult(former, result);
    // One object for equal results lets every holder see by one comparison that nothing changed.
    run.result = isSame && former.journal === result.journal ? former : result;
    run.identityObserved = outcome.identityObserved;
    run.clockObserved = outcome.clockObserved;
    run.ranMs = this.#options.nowMs();
    run.moment = outcome.moment;
    run.givenJournal = run.journal;
    run.spared = 0;
    run.lastSpared = undefined;
    run.state = "clean";
    const watches = this.#index.set(run.id, outcome.readSet);
    run.readSet = outcome.readSet.isFine === true ? outcome.readSet : undefined;
    const dependencies = watches * WATCH_BYTES + (run.readSet?.observedCount ?? 0) * OBSERVED_BYTES;
    run.bytes = RUN_BYTES + run.path.length + run.args.length + bytesOfResult(result) + dependencies;
    const given = run.journal;
    run.journal = result.ok ? result.journal : (result.journal ?? given);
    this.#settleDown(run, given);
    return !isSame;
  }

  /** Marks a held run as in need of an execution; only the journal it produced finds it from now on. */
  markDirty(run: Run): void {
    run.state = "dirty";
    this.#placeUnder(run, [run.journal]);
  }

  /** Decides what becomes of a run that nobody holds: kept, or forgotten. */
  releaseIfUnheld(run: Run): void {
    if (run.holders.size > 0 || run.state === "running") return;
    if (run.state !== "clean" || run.result?.ok !== true || run.places.length === 0) this.drop(run);
    else this.#keep(run);
  }

  /** Notes a use of a run that may be kept: it moves to the end of the row. */
  use(run: Run): void {
    if (this.#idle.delete(run)) this.#idle.add(run);
  }

  /** Takes a run out of the kept ones because somebody holds it now. */
  hold(run: Run): void {
    if (this.#idle.delete(run)) this.#idleBytes -= run.bytes;
  }

  /** Forgets a run. */
  drop(run: Run): void {
    this.hold(run);
    this.#unplace(run);
    this.#runs.delete(run.id);
    this.#index.remove(run.id);
  }

  #keep(run: Run): void {
    if (this.#idle.has(run)) return;
    this.#idle.add(run);
    this.#idleBytes += run.bytes;
    for (const oldest of this.#idle) {
      if (this.#idleBytes <= this.#options.cacheBytes) return;
      this.drop(oldest);
    }
  }

  #isFreshEnough(run: Run): boolean {
    return !run.clockObserved || this.#options.nowMs() - run.ranMs <= this.#options.clockReuseMs;
  }

  /** After an execution: found under the journal that was given and the one that came out. */
  #settleDown(run: Run, given: string | null): void {
    this.#placeUnder(run, given === run.journal ? [given] : [run.journal, given]);
  }

  #placeUnder(run: Run, journals: readonly (string | null)[]): void {
    const slot = run.identityObserved ? slotOf(run.identity) : SHARED;
    const { component, path, args } = run;
    const keys = journals.map((journal) => familyKey({ component, path, args, journal }, run.allowInternal));
    const isPlaced =
      keys.length === run.places.length &&
      run.places.every((place, at) => place.family.key === keys[at] && place.slot === slot);
    if (isPlaced) return;
    this.#unplace(run);
    for (const key of keys) {
      const family = this.#family(key);
      if (run.identityObserved) family.observesIdentity = true;
      this.#place(run, family, slot);
    }
  }

  /** Takes the slot if it is free, or held by a run that cannot answer as this one can. */
  #place(run: Run, family: Family, slot: string): void {
    const occupant = family.slots.get(slot);
    if (occupant !== undefined && occupant !== run) {
      const isUseless = occupant.state === "clean" ? !this.#isFreshEnough(occupant) : run.state === "clean";
      if (!isUseless) return this.#dropEmpty(family);
      removePlace(occupant, family, slot);
      this.#dropIfUnfindable(occupant);
    }
    family.slots.set(slot, run);
    run.places.push({ family, slot });
  }

  /** Without holders and without a place nobody can reach it any more. */
  #dropIfUnfindable(run: Run): void {
    if (run.places.length === 0 && this.#idle.has(run)) this.drop(run);
  }

  #unplace(run: Run): void {
    for (const { family, slot } of run.places) {
      family.slots.delete(slot);
      this.#dropEmpty(family);
    }
    run.places.length = 0;
  }

  #family(key: string): Family {
    let family = this.#families.get(key);
    if (family === undefined) {
      family = { key, observesIdentity: false, slots: new Map() };
      this.#families.set(key, family);
    }
    return family;
  }

  #dropEmpty(family: Family): void {
    if (family.slots.size === 0) this.#families.delete(family.key);
  }
}

function removePlace(run: Run, family: Family, slot: string): void {
  family.slots.delete(slot);
  const at = run.places.findIndex((place) => place.family === family && place.slot === slot);
  if (at >= 0) run.places.splice(at, 1);
}
