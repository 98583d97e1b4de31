/**
 * A core that writes, a core that follows its log, and random histories in which the first does all that a core can do.
 *
 * @module
 */
import { setImmediate } from "node:timers/promises";
import { rootFunction } from "@narrowcast/values";
import type { CodePackage } from "../app/types.ts";
import type { Core } from "../core/core.ts";
import type { StateChange } from "../core/deployment-state.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import { timeOutText, type Suspect, type ToCore } from "../protocol/core-protocol.ts";
import { queryKey } from "../protocol/run-key.ts";
import { NOBODY, START_MS, World } from "./core-world.ts";
import { FOLLOWER_QUERIES, QUARANTINED_QUERY } from "./follower-app.ts";
import { differencesOf, isGood, viewOf, watchChanges, type CoreView, type ViewedCore } from "./follower-view.ts";
import { FollowingSide } from "./following-side.ts";

/** As a request that ended a core once: it is in quarantine for 20 s. */
const SUSPECT: Suspect = {
  run: { kind: "query", request: queryKey(rootFunction(QUARANTINED_QUERY), "{}", NOBODY.key) },
  times: 1,
  atMs: START_MS,
};
const SUBSCRIPTION: readonly ToCore[] = [
  { type: "openSocket", socket: 1 },
  {
    type: "modifyQueries",
    socket: 1,
    querySet: 1,
    add: FOLLOWER_QUERIES.map((path, queryId) => ({ queryId, ...rootFunction(path), args: "{}", journal: null })),
    remove: [],
  },
  { type: "trace", sockets: [] },
];
/** Histories that begin with a push; without code there are no writes. */
const PUSHED_FIRST = 0.8;

const WEIGHTS = {
  write: 8,
  push: 3,
  setVariable: 4,
  schedule: 3,
  endAction: 1,
  cancel: 1,
  pass: 5,
  store: 2,
  forget: 1,
  crash: 2,
  reopen: 1,
} as const;

/** What is done to the writer, or to the follower. */
export type StepName = keyof typeof WEIGHTS;

export const STEP_NAMES = Object.keys(WEIGHTS) as readonly StepName[];

/** Each step as often as it is to be drawn. */
const DRAWN: readonly StepName[] = Object.entries(WEIGHTS).flatMap(([name, weight]) =>
  Array.from({ length: weight }, () => name as StepName),
);

/** Both cores were not equal after a step. */
export class FollowerDifference extends Error {
  /** In what. */
  readonly names: readonly string[];

  constructor(names: readonly string[], text: string) {
    super(text);
    this.names = names;
  }
}

/** What is counted over histories, so that they are known to be about something. */
export interface HistoryCounts {
  /** Steps by name. */
  readonly steps: Map<StepName, number>;
  /** Answers of the writer that are values. */
  good: number;
  /** Subscribed results that came. */
  updates: number;
}

/** See the module comment. */
export class FollowerWorld {
  readonly #writer = new World({
    limits: { sessionKeptMs: 90_000, scheduledResultKeptMs: 60_000 },
    start: { verify: false },
  });
  readonly #random: SeededRandom;
  readonly #versions: readonly CodePackage[];
  readonly #leaveOut: (core: Core) => void;
  readonly #files: string[] = [];
  readonly #changes = { writer: new Map<number, StateChange>(), follower: new Map<number, StateChange>() };
  readonly #keyBytes = { writer: 0, follower: 0 };
  #follower: FollowingSide;
  /** Whether the suspect is not run now. Each core's own, so one that is opened anew has to be told. */
  #isQuarantined = true;
  #lastId = 0;

  /** @param leaveOut Takes a part out of each core that follows. */
  constructor(seed: number, versions: readonly CodePackage[], leaveOut: (core: Core) => void = () => undefined) {
    this.#random = new SeededRandom(seed);
    this.#versions = versions;
    this.#leaveOut = leaveOut;
    this.#follower = this.#newFollower(undefined);
  }

  /** The core that follows now. */
  get core(): Core {
    return this.#follower.core;
  }

  /**
   * Plays a history of `steps` steps.
   *
   * @throws {FollowerDifference} When the follower does not equal the writer after one of them.
   */
  async play(steps: number, counts: HistoryCounts = { steps: new Map(), good: 0, updates: 0 }): Promise<void> {
    await this.#writer.start([SUSPECT]);
    this.#beginWriter();
    this.#beginFollower();
    await this.#rebase();
    try {
      for (let at = 0; at < steps; at += 1) {
        const name: StepName = at === 0 && this.#random.float() < PUSHED_FIRST ? "push" : this.#pick(DRAWN);
        counts.steps.set(name, (counts.steps.get(name) ?? 0) + 1);
        await this[name]();
        await this.#compare(`step ${at + 1}, ${name}`, counts);
      }
    } finally {
      this.#writer.crash();
      await this.#follower.following.close();
    }
  }

  async push(): Promise<void> {
    await this.#writer.push(this.#pick(this.#versions));
  }

  async setVariable(): Promise<void> {
    const changes = [{ name: this.#pick(["COLOUR", "COLOUR", "SIZE"]), value: this.#pick([null, "red", "green"]) }];
    await this.#writer.request<"setEnvironment">({ type: "setEnvironment", changes });
  }

  async write(): Promise<void> {
    const isAdd = this.#random.float() < 0.6;
    const dedupe = { kind: "session", sessionId: "s", requestId: this.#newId() } as const;
    await this.#writer.mutation(isAdd ? "notes:add" : "notes:cut", isAdd ? { text: `${this.#lastId}` } : {}, dedupe);
  }

  async schedule(): Promise<void> {
    const ms = Math.floor(this.#random.float() * 60_000);
    const isAction = this.#random.float() < 0.4;
    await this.#writer.mutation(
      isAction ? "notes:laterAction" : "notes:later",
      isAction ? { ms } : { ms, text: "later" },
    );
  }

  async endAction(): Promise<void> {
    const ticket = this.#writer.started.pop()?.ticket;
    if (ticket === undefined) return;
    const error = this.#pick([null, "it failed"]);
    await this.#writer.request<"actionDone">({ type: "actionDone", ticket, error });
  }

  async cancel(): Promise<void> {
    await this.#writer.mutation("notes:cancelAll");
  }

  async pass(): Promise<void> {
    await this.#writer.advance(this.#random.float() * 60_000);
  }

  async store(): Promise<void> {
    const name = Buffer.from(`file ${this.#newId()}`.padEnd(16)).toString("hex");
    const dedupe = { kind: "slot", slot: 1, serial: name } as const;
    const facts = { size: 1, sha256: "", contentType: null };
    this.#files.push(await this.#writer.request<"commitFile">({ type: "commitFile", name, facts, dedupe }));
  }

  async forget(): Promise<void> {
    const id = this.#files.at(-1);
    if (id !== undefined) await this.#writer.mutation("notes:forget", { id });
  }

  /** The writer goes on from what is durable; the follower keeps what it has, and follows the log that was opened anew. */
  async crash(): Promise<void> {
    // It may become durable or not.
    void this.write();
    for (let turns = this.#random.float() * 6; turns > 0; turns -= 1) await setImmediate();
    this.#writer.crash();
    this.#follower.following.leave();
    this.#writer.started.length = 0;
    await this.#writer.start(this.#suspects);
    this.#beginWriter();
    this.#follower.following.follow(this.#writer.disk.log);
    await this.#rebase();
    await this.#touchQuarantine();
  }

  /** The follower goes on from what it took in, in a core of its own. */
  async reopen(): Promise<void> {
    await this.#follower.following.close();
    this.#follower = this.#newFollower(this.#follower);
    this.#beginFollower();
    await this.#rebase();
    await this.#touchQuarantine();
  }

  get #suspects(): readonly Suspect[] {
    return this.#isQuarantined ? [SUSPECT] : [];
  }

  /** Whether something was committed since the penalty began is known to a core only that was there. */
  async #touchQuarantine(): Promise<void> {
    if (this.#isQuarantined) await this.store();
  }

  #newFollower(former: FollowingSide | undefined): FollowingSide {
    const { limits, clock, files } = this.#writer;
    const kept = former === undefined ? {} : { engine: former.engine };
    const follower = new FollowingSide({ limits, clock, files, suspects: this.#suspects, ...kept });
    this.#leaveOut(follower.core);
    watchChanges(follower.core, this.#changes.follower);
    return follower;
  }

  #beginWriter(): void {
    const { core, updates } = this.#writer;
    updates.length = 0;
    watchChanges(core, this.#changes.writer);
    core.receive(SUBSCRIPTION);
  }

  #beginFollower(): void {
    this.#follower.following.follow(this.#writer.disk.log);
    this.#follower.core.receive(SUBSCRIPTION);
  }

  async #idle(): Promise<void> {
    await this.#writer.idle();
    await this.#follower.core.whenIdle();
  }

  /** What is counted from now on is counted on both sides. */
  async #rebase(): Promise<void> {
    await this.#idle();
    for (const [side, { core, traced }] of this.#sides) {
      traced.length = 0;
      this.#changes[side].clear();
      this.#keyBytes[side] = keyBytesOf(core);
    }
  }

  get #sides(): readonly (readonly ["writer" | "follower", ViewedCore & { readonly traced: string[] }])[] {
    return [
      ["writer", this.#writer],
      ["follower", this.#follower],
    ];
  }

  async #compare(step: string, counts: HistoryCounts): Promise<void> {
    await this.#idle();
    const right = await this.#view("writer", this.#writer);
    // What a core that is broken on purpose cannot tell is a difference, too.
    const found = await this.#view("follower", this.#follower).catch(
      (error: unknown) => new Map([["failure", String(error)]]),
    );
    const names = differencesOf(right, found);
    if (names.length > 0) throw new FollowerDifference(names, differenceText(step, names, right, found));
    this.#isQuarantined = right.get(`answer ${QUARANTINED_QUERY}`)?.includes(timeOutText(this.#writer.limits)) ?? false;
    counts.good += [...right].filter(([name, text]) => name.startsWith("answer notes:") && isGood(text)).length;
    counts.updates += this.#writer.updates.length;
    await this.#rebase();
  }

  /** What a core is, answers, and did since the step before. */
  async #view(
    side: "writer" | "follower",
    viewed: ViewedCore & { readonly traced: readonly string[] },
  ): Promise<CoreView> {
    const view = new Map(await viewOf(viewed, this.#files));
    view.set("traced commits", viewed.traced.filter((line) => line.startsWith('{"kind":"commit"')).join("\n"));
    view.set("metered key bytes", `${keyBytesOf(viewed.core) - this.#keyBytes[side]}`);
    // The writer is not watched while it opens; the follower is always.
    const changes = [...this.#changes.writer.keys()].map((ts) => [ts, this.#changes[side].get(ts)]);
    view.set("changes of the state", JSON.stringify(changes));
    view.set("failures", (side === "writer" ? this.#writer : this.#follower).failures.join("\n"));
    return view;
  }

  #newId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  #pick<T>(choices: readonly T[]): T {
    return choices[Math.floor(this.#random.float() * choices.length)] as T;
  }
}

function keyBytesOf({ ledger }: Core): number {
  return ledger?.totals.keyBytesWritten ?? 0;
}

function differenceText(step: string, names: readonly string[], right: CoreView, found: CoreView): string {
  const lines = names.flatMap((name) => {
    const [one = "none", other = "none"] = [right.get(name), found.get(name)];
    // The texts are long; what matters begins where they part.
    let at = 0;
    while (at < one.length && one[at] === other[at]) at += 1;
    const part = (text: string): string => text.slice(Math.max(0, at - 60), at + 200);
    return [`${name}:`, `  writer   ${part(one)}`, `  follower ${part(other)}`];
  });
  return [`The follower differs after ${step}:`, ...lines].join("\n");
}
