/**
 * The jobs of the scanner: what they do between the queries that find work and the mutations that note results.
 *
 * Both forms run the same jobs; a `ScanBackend` is what they differ in. One mutation a page, so a job's calls grow with pages and not with skills.
 */
import { v } from "convex/values";
import type { Id } from "../_generated/dataModel.js";
import type {
  HashedVersion,
  LegacyVersion,
  PendingVersion,
  RescanVersion,
  StaleReason,
  VersionPointer,
} from "./scans.ts";
import { localVerdict, type Verdict } from "./verdicts.ts";
import { VT_PENDING } from "./scans.ts";

/** A page of work. */
export interface WorkPage<T, Cursor> {
  readonly skills: readonly T[];
  readonly nextCursor: Cursor | null;
  readonly done: boolean;
}

/** The queries and mutations of one form. */
export interface ScanBackend {
  pending(limit: number): Promise<readonly PendingVersion[]>;
  missingVt(cursor: string | null): Promise<WorkPage<HashedVersion, string>>;
  staleReasons(cursor: string | null): Promise<WorkPage<StaleReason, string>>;
  rescanBatch(cursor: number | null): Promise<WorkPage<RescanVersion, number>>;
  legacy(): Promise<readonly LegacyVersion[]>;
  unscanned(): Promise<readonly VersionPointer[]>;
  withoutStatus(): Promise<readonly { readonly skillId: Id<"skills"> }[]>;
  record(verdicts: Verdict[]): Promise<unknown>;
  setReasons(reasons: { skillId: Id<"skills">; reason: string }[]): Promise<unknown>;
  activate(skillIds: Id<"skills">[]): Promise<unknown>;
}

/** What a job says at its end. */
export const jobResult = v.object({ processed: v.number(), changed: v.number() });
export const pollArgs = { batchSize: v.optional(v.number()) };

/** See {@link jobResult}. */
export interface JobResult {
  readonly processed: number;
  readonly changed: number;
}

const POLL_BATCH = 100;
/** Pages after which a job stops: work that does not become less would go on for ever. */
const PAGES_MAX = 1_000;

/** Asks the scanner about what waits for a first verdict. */
export async function pollPending(backend: ScanBackend, batchSize = POLL_BATCH): Promise<JobResult> {
  const pending = await backend.pending(batchSize);
  const verdicts = pending.map(({ skillId, versionId, sha256hash, checkCount }) => ({
    skillId,
    versionId,
    status: localVerdict(sha256hash, checkCount),
    effect: "approve" as const,
  }));
  if (verdicts.length > 0) await backend.record(verdicts);
  const changed = verdicts.filter(({ status }) => status !== "pending").length;
  console.log(`Scan poll: ${pending.length} asked about, ${changed} answered`);
  return { processed: pending.length, changed };
}

/** Fetches the scanner's answer for active versions that have none. */
export async function backfillVtCache(backend: ScanBackend): Promise<JobResult> {
  return await everyPage(
    (cursor: string | null) => backend.missingVt(cursor),
    async (skills) => {
      const verdicts = skills.map(({ skillId, versionId, sha256hash }) => {
        const status = localVerdict(sha256hash, Infinity);
        return { skillId, versionId, status, effect: "escalate" as const };
      });
      await backend.record(verdicts);
      return verdicts.length;
    },
  );
}

/** Scans everything active again: what has become bad is hidden or flagged, what was flagged and is clean is cleared. */
export async function rescanActive(backend: ScanBackend): Promise<JobResult> {
  return await everyPage(
    (cursor: number | null) => backend.rescanBatch(cursor),
    async (skills) => {
      const verdicts = skills.map(({ skillId, versionId, sha256hash, wasFlagged }): Verdict => {
        const status = localVerdict(sha256hash, Infinity);
        return { skillId, versionId, status, effect: status === "clean" && wasFlagged ? "approve" : "escalate" };
      });
      await backend.record(verdicts);
      return verdicts.filter(({ status, effect }) => status !== "clean" || effect === "approve").length;
    },
  );
}

/** Brings reasons that say "pending" in line with answers that have come. */
export async function syncReasons(backend: ScanBackend): Promise<JobResult> {
  return await everyPage(
    (cursor: string | null) => backend.staleReasons(cursor),
    async (skills) => {
      await backend.setReasons(skills.map(({ skillId, vtStatus }) => ({ skillId, reason: `scanner.vt.${vtStatus}` })));
      return skills.length;
    },
  );
}

/** Gives skills without a status the status "active". */
export async function fixNullStatus(backend: ScanBackend): Promise<JobResult> {
  let processed = 0;
  for (let page = 0; page < PAGES_MAX; page++) {
    const skills = await backend.withoutStatus();
    if (skills.length === 0) break;
    await backend.activate(skills.map(({ skillId }) => skillId));
    processed += skills.length;
    console.log(`Fix of missing statuses: ${processed} done`);
  }
  return { processed, changed: processed };
}

/** Lets the scanner look at skills that it never saw: the cache backfill finds them by the reason that is set here. */
export async function scanLegacy(backend: ScanBackend): Promise<JobResult> {
  const legacy = await backend.legacy();
  const unscanned = await backend.unscanned();
  const due = [...legacy.filter(({ hasHash }) => hasHash), ...unscanned];
  await backend.setReasons(due.map(({ skillId }) => ({ skillId, reason: VT_PENDING })));
  return { processed: legacy.length + unscanned.length, changed: due.length };
}

async function everyPage<T, Cursor>(
  next: (cursor: Cursor | null) => Promise<WorkPage<T, Cursor>>,
  work: (skills: readonly T[]) => Promise<number>,
): Promise<JobResult> {
  let cursor: Cursor | null = null;
  let processed = 0;
  let changed = 0;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page: WorkPage<T, Cursor> = await next(cursor);
    if (page.skills.length > 0) changed += await work(page.skills);
    processed += page.skills.length;
    console.log(`Page ${pages + 1}: ${processed} skills, ${changed} changed`);
    if (page.done) break;
    cursor = page.nextCursor;
  }
  return { processed, changed };
}
