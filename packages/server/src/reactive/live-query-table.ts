/**
 * The table of live queries: finds the one that can answer a request, and keeps unsubscribed results for a while.
 *
 *   request ──address, arguments, journal, visibility──▶ family ──▶ the identity's own live query
 *                                                          └──▶ the shared one (nobody's identity was looked at)
 *
 * Laws (numbers as in README.md):
 *   - L6: two requests get one live query only if no execution could tell them apart.
 *   - L7: a live query is found under the journal it was given and the one it produced while its result holds, and afterwards
 *     only under the one it produced: whoever asks without a journal gets a page of the size they asked for.
 *   - L9: what nobody holds is kept only if it is a clean success, under a budget of bytes, oldest use out first.
 *
 * A place holds one live query. One that lost its place to a newer one lives on with its holders until it turns dirty; then
 * each holder finds the newer one.
 *
 * Not here: executing (`reactor.ts`), sockets (`sockets.ts`).
 *
 * @module
 */
import type { Dependencies } from "./dependency-index.ts";
import { bytesOfResult, sameResult } from "./results.ts";
import { familyKey, mayRunInternal, LiveQuery, SHARED, slotOf } from "./live-query.ts";
import type { Family } from "./live-query.ts";
import type { RunOutcome, RunRequest } from "./types.ts";

/** Memory of a live query besides its texts, and of one watched thing, in bytes: measured by `reactive.bench.ts`, rounded up. */
const RUN_BYTES = 1_000;
const WATCH_BYTES = 250;
/** Memory of one observed document or field name. */
const OBSERVED_BYTES = 100;

/** Limits and clock of the table. */
interface LiveQueryTableOptions {
  /** Budget of results that nobody holds. */
  readonly cacheBytes: number;
  /** How long a result that looked at the clock may answer new askers. */
  readonly clockReuseMs: number;
  nowMs(): number;
}

/** See the module comment. */
export class LiveQueryTable<Holder extends object> {
  readonly #families = new Map<string, Family<Holder>>();
  readonly #byId = new Map<number, LiveQuery<Holder>>();
  /** Clean ones without holders, least recently used first. */
  readonly #idle = new Set<LiveQuery<Holder>>();
  readonly #index: Dependencies;
  readonly #options: LiveQueryTableOptions;
  #idleBytes = 0;
  #nextId = 0;

  constructor(index: Dependencies, options: LiveQueryTableOptions) {
    this.#index = index;
    this.#options = options;
  }

  /** Number of live queries, held and kept. */
  get size(): number {
    return this.#byId.size;
  }

  /** Estimated bytes of results that nobody holds; at most `cacheBytes`. */
  get idleBytes(): number {
    return this.#idleBytes;
  }

  /** The live query with a number of the dependency index. */
  byId(id: number): LiveQuery<Holder> | undefined {
    return this.#byId.get(id);
  }

  all(): Iterable<LiveQuery<Holder>> {
    return this.#byId.values();
  }

  /** A live query that answers `request`, now or once it has run; clean ones first. */
  find(request: RunRequest): LiveQuery<Holder> | undefined {
    const family = this.#families.get(familyKey(request, mayRunInternal(request)));
    if (family === undefined) return undefined;
    const own = family.slots.get(slotOf(request.identity));
    if (own?.state === "clean" && this.#isFreshEnough(own)) return own;
    const shared = family.slots.get(SHARED);
    if (shared?.state === "clean" && this.#isFreshEnough(shared)) return shared;
    if (own !== undefined && own.state !== "clean") return own;
    return shared?.state === "clean" ? undefined : shared;
  }

  /** A new one for `request`, dirty. */
  create(request: RunRequest): LiveQuery<Holder> {
    const live = new LiveQuery<Holder>(this.#nextId++, request);
    this.#byId.set(live.id, live);
    const family = this.#family(familyKey(request, live.allowInternal));
    this.#place(live, family, family.observesIdentity ? slotOf(request.identity) : SHARED);
    return live;
  }

  /** Takes in what an execution as `live.identity` gave. Returns whether a client could see a difference. */
  finish(live: LiveQuery<Holder>, outcome: RunOutcome): boolean {
    const former = live.result;
    const { result } = outcome;
    const isSame = former !== undefined && sameResult(former, result);
    // One object for equal results lets every holder see by one comparison that nothing changed.
    live.result = isSame && former.journal === result.journal ? former : result;
    live.identityObserved = outcome.identityObserved;
    live.clockObserved = outcome.clockObserved;
    live.ranMs = this.#options.nowMs();
    live.moment = outcome.moment;
    live.givenJournal = live.journal;
    live.spared = 0;
    live.lastSpared = undefined;
    live.state = "clean";
    const watches = this.#index.set(live.id, outcome.readSet);
    live.readSet = outcome.readSet.isFine === true ? outcome.readSet : undefined;
    const dependencies = watches * WATCH_BYTES + (live.readSet?.observedCount ?? 0) * OBSERVED_BYTES;
    live.bytes = RUN_BYTES + live.path.length + live.args.length + bytesOfResult(result) + dependencies;
    const given = live.journal;
    live.journal = result.ok ? result.journal : (result.journal ?? given);
    this.#settleDown(live, given);
    return !isSame;
  }

  /** Marks a held live query as in need of an execution; from now on only the journal it produced finds it. */
  markDirty(live: LiveQuery<Holder>): void {
    live.state = "dirty";
    this.#placeUnder(live, [live.journal]);
  }

  /** Keeps or forgets a live query that nobody holds. */
  releaseIfUnheld(live: LiveQuery<Holder>): void {
    if (live.holders.size > 0 || live.state === "running") return;
    if (live.state !== "clean" || live.result?.ok !== true || live.places.length === 0) this.drop(live);
    else this.#keep(live);
  }

  /** Notes that a kept live query was used: it is the last to go now. */
  use(live: LiveQuery<Holder>): void {
    if (this.#idle.delete(live)) this.#idle.add(live);
  }

  /** Takes a live query out of the kept ones because somebody holds it now. */
  hold(live: LiveQuery<Holder>): void {
    if (this.#idle.delete(live)) this.#idleBytes -= live.bytes;
  }

  /** Forgets a live query. */
  drop(live: LiveQuery<Holder>): void {
    this.hold(live);
    this.#unplace(live);
    this.#byId.delete(live.id);
    this.#index.remove(live.id);
  }

  #keep(live: LiveQuery<Holder>): void {
    if (this.#idle.has(live)) return;
    this.#idle.add(live);
    this.#idleBytes += live.bytes;
    for (const oldest of this.#idle) {
      if (this.#idleBytes <= this.#options.cacheBytes) return;
      this.drop(oldest);
    }
  }

  #isFreshEnough(live: LiveQuery<Holder>): boolean {
    return !live.clockObserved || this.#options.nowMs() - live.ranMs <= this.#options.clockReuseMs;
  }

  /** After an execution: found under the journal that was given and the one that came out. */
  #settleDown(live: LiveQuery<Holder>, given: string | null): void {
    this.#placeUnder(live, given === live.journal ? [given] : [live.journal, given]);
  }

  #placeUnder(live: LiveQuery<Holder>, journals: readonly (string | null)[]): void {
    const slot = live.identityObserved ? slotOf(live.identity) : SHARED;
    const { component, path, args } = live;
    const keys = journals.map((journal) => familyKey({ component, path, args, journal }, live.allowInternal));
    const isPlaced =
      keys.length === live.places.length &&
      live.places.every((place, at) => place.family.key === keys[at] && place.slot === slot);
    if (isPlaced) return;
    this.#unplace(live);
    for (const key of keys) {
      const family = this.#family(key);
      if (live.identityObserved) family.observesIdentity = true;
      this.#place(live, family, slot);
    }
  }

  /** Takes the slot if it is free, or if what is in it cannot answer as this one can. */
  #place(live: LiveQuery<Holder>, family: Family<Holder>, slot: string): void {
    const occupant = family.slots.get(slot);
    if (occupant !== undefined && occupant !== live) {
      const isUseless = occupant.state === "clean" ? !this.#isFreshEnough(occupant) : live.state === "clean";
      if (!isUseless) return this.#dropEmpty(family);
      removePlace(occupant, family, slot);
      this.#dropIfUnfindable(occupant);
    }
    family.slots.set(slot, live);
    live.places.push({ family, slot });
  }

  /** Without holders and without a place, nobody can reach it any more. */
  #dropIfUnfindable(live: LiveQuery<Holder>): void {
    if (live.places.length === 0 && this.#idle.has(live)) this.drop(live);
  }

  #unplace(live: LiveQuery<Holder>): void {
    for (const { family, slot } of live.places) {
      family.slots.delete(slot);
      this.#dropEmpty(family);
    }
    live.places.length = 0;
  }

  #family(key: string): Family<Holder> {
    let family = this.#families.get(key);
    if (family === undefined) {
      family = { key, observesIdentity: false, slots: new Map() };
      this.#families.set(key, family);
    }
    return family;
  }

  #dropEmpty(family: Family<Holder>): void {
    if (family.slots.size === 0) this.#families.delete(family.key);
  }
}

function removePlace<Holder extends object>(live: LiveQuery<Holder>, family: Family<Holder>, slot: string): void {
  family.slots.delete(slot);
  const at = live.places.findIndex((place) => place.family === family && place.slot === slot);
  if (at >= 0) live.places.splice(at, 1);
}
