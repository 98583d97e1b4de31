/**
 * A live query: one query with its arguments, its last result, and who holds it.
 *
 *   dirty ──execution begins──▶ running ──ends──▶ clean ──a commit touches it──▶ dirty
 *
 * Invariant: the result of a clean live query equals that of a run from scratch at the head.
 *
 * @module
 */
import { strict as assert } from "node:assert";
import { printFunction } from "@narrowcast/values";
import type { ReadSetView } from "../tx/types.ts";
import type { Identity, Moment, RunCost, RunRequest, RunResult } from "./types.ts";
import type { Wake } from "./wake.ts";

/** The result of a live query that has one. */
export function resultOf(live: LiveQuery): RunResult {
  assert(live.result !== undefined, `Cannot answer "${printFunction(live)}": its run has no result`);
  return live.result;
}

/** What all live queries of a family share: the request without its identity. */
type FamilyRequest = Omit<RunRequest, "identity">;

/** See the module comment. Written by `LiveQueryTable` and `Reactor` only. @typeParam Holder Who holds it; here they are only counted. */
export class LiveQuery<Holder extends object = object> {
  /** Its number in the dependency index. */
  readonly id: number;
  readonly component: string;
  readonly path: string;
  readonly args: string;
  readonly allowInternal: boolean;
  /** As whom it ran last, or will first. */
  identity: Identity;
  /** What its next execution is given: the journal that the last one produced. */
  journal: string | null;
  state: "dirty" | "running" | "clean" = "dirty";
  result: RunResult | undefined = undefined;
  /** What the last execution took. */
  cost: RunCost | undefined = undefined;
  /** What the last execution was given besides the request; `undefined` when it cannot be repeated. */
  moment: Moment | undefined = undefined;
  /** The journal that the last execution was given. */
  givenJournal: string | null = null;
  /** Commits since the last execution that touched what it read and were cut off, and the last of them if somebody observes. */
  spared = 0;
  lastSpared: Wake | undefined = undefined;
  /** Why it has to be executed again. */
  wake: Wake | undefined = undefined;
  /** What the result depends on, if that is known finer than the dependency index knows it. */
  readSet: ReadSetView | undefined = undefined;
  /** Of the observer: what it made of the request that this answers. */
  note: object | undefined = undefined;
  identityObserved = false;
  clockObserved = false;
  /** When it ran last, in milliseconds. */
  ranMs = 0;
  /** The reactor's count of invalidations when it ran last. */
  epoch = -1;
  /** Estimated memory of a kept result with its dependencies. */
  bytes = 0;
  readonly holders = new Set<Holder>();
  /** The families in which it can be found, see `LiveQueryTable`. */
  readonly places: Place<Holder>[] = [];

  constructor(id: number, request: RunRequest) {
    this.id = id;
    this.component = request.component;
    this.path = request.path;
    this.args = request.args;
    this.allowInternal = mayRunInternal(request);
    this.identity = request.identity;
    this.journal = request.journal;
  }

  /** The request that the executor gets when it runs as `identity`. */
  requestAs(identity: Identity): RunRequest {
    const { component, path, args, journal, allowInternal, moment } = this;
    return { component, path, args, identity, journal, allowInternal, requestId: moment?.requestId };
  }
}

/** One slot of one family: `SHARED`, or an identity's. */
interface Place<Holder extends object> {
  readonly family: Family<Holder>;
  readonly slot: string;
}

/** All live queries with one function, arguments, journal and visibility. */
export interface Family<Holder extends object> {
  readonly key: string;
  /** One of them looked at the identity, so each new identity gets a live query of its own. */
  observesIdentity: boolean;
  readonly slots: Map<string, LiveQuery<Holder>>;
}

/** The slot of those that did not look at the identity, or have not run yet. */
export const SHARED = "*";

/** The slot of those that looked at the identity. */
export function slotOf(identity: Identity): string {
  return `=${identity.key}`;
}

/** The family key; lengths in front make it unambiguous whatever the texts hold. */
export function familyKey(request: FamilyRequest, allowInternal: boolean): string {
  const { args, journal } = request;
  const name = printFunction(request);
  const pages = journal === null ? "-" : `${journal.length}:${journal}`;
  return `${allowInternal ? "i" : "p"}${name.length}:${name}${pages}${args}`;
}

/** Whether a request may reach internal functions; part of what makes two requests share a live query. */
export function mayRunInternal(request: RunRequest): boolean {
  return request.allowInternal === true || request.identity.kind === "admin";
}
