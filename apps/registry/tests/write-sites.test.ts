/**
 * Every write of a skill keeps what follows from it. Each site runs in both forms: as first written it leaves a field behind, which shows that the
 * case can tell.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import type { Id } from "../convex/_generated/dataModel.js";
import { MALWARE_FLAG, SUSPICIOUS_FLAG } from "../convex/model/rules.ts";
import {
  addSkill,
  addUser,
  backfillAll,
  hashOf,
  inside,
  openRegistry,
  skillOf,
  START_MS,
  type SkillSpec,
} from "../testing/registry.ts";

interface Target {
  readonly skillId: Id<"skills">;
  readonly ownerUserId: Id<"users">;
  /** Calls a function of the form under test. */
  readonly call: (name: string, args: object, subject?: string) => Promise<unknown>;
}

interface WriteSite {
  readonly name: string;
  readonly spec: Omit<SkillSpec, "slug">;
  readonly write: (target: Target) => Promise<unknown>;
  /** What the skill is afterwards, to see that the write did something. */
  readonly becomes: object;
}

const SUSPECTED = { skill: { moderationReason: "scanner.vt.suspicious" } };
const FLAGGED = { skill: { moderationFlags: [SUSPICIOUS_FLAG] } };
const HASH = hashOf("target");
const publication = (ownerUserId: Id<"users">) => ({
  ownerUserId,
  slug: "target",
  displayName: "Target",
  version: "2.0.0",
  changelog: "New",
  files: [],
  parsed: { frontmatter: {}, clawdis: { emoji: "x" } },
});

const SITES: readonly WriteSite[] = [
  {
    name: "moderation:clearOwnerSuspiciousFlags",
    spec: FLAGGED,
    write: ({ call, ownerUserId }) => call("moderation:clearOwnerSuspiciousFlags", { ownerUserId }),
    becomes: { isSuspicious: false },
  },
  {
    name: "skills:report, the fourth",
    spec: SUSPECTED,
    write: async ({ call, skillId }) => {
      for (const subject of ["ann", "bob", "cem", "dan"])
        await call("skills:report", { skillId, reason: "bad" }, subject);
    },
    becomes: { isSuspicious: false, moderationReason: "auto.reports", moderationStatus: "hidden", reportCount: 4 },
  },
  {
    name: "moderation:updateSkillModerationReason",
    spec: {},
    write: ({ call, skillId }) =>
      call("moderation:updateSkillModerationReason", { skillId, reason: "scanner.vt.suspicious" }),
    becomes: { isSuspicious: true },
  },
  {
    name: "moderation:updateSkillModerationReasons",
    spec: {},
    write: ({ call, skillId }) =>
      call("moderation:updateSkillModerationReasons", { reasons: [{ skillId, reason: "scanner.vt.suspicious" }] }),
    becomes: { isSuspicious: true },
  },
  {
    name: "moderation:applyBanToOwnedSkillsBatch",
    spec: SUSPECTED,
    write: ({ call, ownerUserId }) =>
      call("moderation:applyBanToOwnedSkillsBatch", { ownerUserId, bannedAt: START_MS }),
    becomes: { isSuspicious: false, moderationReason: "user.banned", softDeletedAt: START_MS },
  },
  {
    name: "moderation:restoreOwnedSkillsForUnbanBatch",
    // A row as a plain write left it: banned, and still called suspicious.
    spec: { skill: { moderationReason: "user.banned", softDeletedAt: START_MS, moderationStatus: "hidden" } },
    write: async ({ call, ownerUserId, skillId }) => {
      await inside(app, async (ctx) => await ctx.db.patch("skills", skillId, { isSuspicious: true }));
      await call("moderation:restoreOwnedSkillsForUnbanBatch", { ownerUserId, bannedAt: START_MS });
    },
    becomes: { isSuspicious: false, moderationReason: "restored.unban" },
  },
  {
    name: "moderation:markScanStale",
    spec: SUSPECTED,
    write: ({ call, skillId }) => call("moderation:markScanStale", { skillId }),
    becomes: { isSuspicious: false, moderationReason: "pending.scan.stale" },
  },
  {
    name: "moderation:approveSkillByHash, suspicious",
    spec: {},
    write: ({ call }) =>
      call("moderation:approveSkillByHash", { sha256hash: HASH, scanner: "vt", status: "suspicious" }),
    becomes: { isSuspicious: true, moderationFlags: [SUSPICIOUS_FLAG] },
  },
  {
    name: "moderation:approveSkillByHash, clean",
    spec: FLAGGED,
    write: ({ call }) => call("moderation:approveSkillByHash", { sha256hash: HASH, scanner: "vt", status: "clean" }),
    becomes: { isSuspicious: false, moderationReason: "scanner.vt.clean" },
  },
  {
    name: "moderation:escalateByVt, suspicious",
    spec: { skill: { moderationReason: "scanner.llm.clean" } },
    write: ({ call }) => call("moderation:escalateByVt", { sha256hash: HASH, status: "suspicious" }),
    becomes: { isSuspicious: true, moderationReason: "scanner.llm.clean" },
  },
  {
    name: "moderation:escalateByVt, malicious",
    spec: SUSPECTED,
    write: ({ call }) => call("moderation:escalateByVt", { sha256hash: HASH, status: "malicious" }),
    becomes: { isSuspicious: false, moderationFlags: [MALWARE_FLAG], moderationStatus: "hidden" },
  },
  {
    name: "moderation:recordVerdicts",
    spec: {},
    write: async ({ call, skillId }) => {
      const versionId = (await skillOf(app, skillId)).latestVersionId;
      const verdicts = [{ skillId, versionId, status: "suspicious", effect: "approve" }];
      await call("moderation:recordVerdicts", { verdicts });
    },
    becomes: { isSuspicious: true },
  },
  {
    name: "skills:insertVersion of a skill that is there",
    spec: FLAGGED,
    write: ({ call, ownerUserId }) => call("skills:insertVersion", publication(ownerUserId)),
    becomes: { isSuspicious: false, latestVersionSummary: { version: "2.0.0", changelog: "New" } },
  },
  {
    name: "skills:insertVersion of a new skill",
    spec: {},
    write: ({ call, ownerUserId }) => call("skills:insertVersion", { ...publication(ownerUserId), slug: "another" }),
    becomes: { latestVersionSummary: { version: "1.0.0" } },
  },
  {
    name: "skills:updateTags",
    spec: {},
    write: async ({ call, skillId, ownerUserId }) => {
      const versionId = await inside(app, async (ctx) => {
        const { slug: _slug, displayName: _name, ownerUserId: createdBy, ...fields } = publication(ownerUserId);
        return await ctx.db.insert("skillVersions", { ...fields, skillId, createdBy, createdAt: START_MS });
      });
      await call("skills:updateTags", { skillId, tags: [{ tag: "latest", versionId }] }, "owner");
    },
    becomes: { latestVersionSummary: { version: "2.0.0" } },
  },
  {
    name: "maintenance:nominateEmptySkillsInternal",
    spec: { ...SUSPECTED, version: { files: [] } },
    write: ({ call }) => call("maintenance:nominateEmptySkillsInternal", {}),
    becomes: { isSuspicious: false, moderationReason: "quality.empty.backfill" },
  },
  {
    name: "maintenance:cleanupEmptySkillsInternal",
    spec: { skill: { moderationReason: "quality.empty.backfill" }, version: { files: [] } },
    write: async ({ call, skillId }) => {
      await inside(app, async (ctx) => await ctx.db.patch("skills", skillId, { isSuspicious: true }));
      await call("maintenance:cleanupEmptySkillsInternal", {});
    },
    becomes: { isSuspicious: false, moderationStatus: "hidden" },
  },
];

let app: TestDeployment;

beforeAll(async () => {
  app = await openRegistry();
  for (const handle of ["ann", "bob", "cem", "dan"]) await addUser(app, handle);
});
afterAll(async () => await app.close());

beforeEach(async () => {
  await inside(app, async (ctx) => {
    for (const table of ["skills", "skillVersions", "skillReports"] as const) {
      for (const { _id } of await ctx.db.query(table).collect()) await ctx.db.delete(_id);
    }
  });
});

async function runSite(site: WriteSite, form: "" | "before/"): Promise<Id<"skills">> {
  const skillId = await addSkill(app, { slug: "target", ...site.spec });
  await backfillAll(app);
  const { ownerUserId } = await skillOf(app, skillId);
  const call: Target["call"] = async (name, args, subject) => {
    const client = subject === undefined ? app : app.as({ subject });
    return await client.mutation(`${form}${name}`, args as never);
  };
  await site.write({ skillId, ownerUserId, call });
  return skillId;
}

async function wrongSkills(): Promise<string[]> {
  const { wrong } = (await app.query("maintenance:auditDerivedFieldsInternal", {})) as { wrong: string[] };
  return wrong;
}

describe("derived fields are right after", () => {
  test.each(SITES)("$name", async (site) => {
    const skillId = await runSite(site, "");
    expect(await skillOf(app, skillId)).toMatchObject(site.becomes);
    expect(await wrongSkills()).toEqual([]);
  });

  test.each(SITES)("$name, which leaves one behind as first written", async (site) => {
    await runSite(site, "before/");
    expect(await wrongSkills()).toHaveLength(1);
  });
});

test("a person reports a skill once", async () => {
  const skillId = await addSkill(app, { slug: "target" });
  for (let time = 0; time < 5; time++) {
    await app.as({ subject: "ann" }).mutation("skills:report", { skillId, reason: "bad" });
  }
  expect(await skillOf(app, skillId)).toMatchObject({ reportCount: 1, moderationStatus: "active" });
});

test("no file but one writes skills", () => {
  const folder = join(import.meta.dirname, "../convex");
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("_generated"))
    .toSorted();
  const writers = files.filter((file) =>
    /db\s*\.(?:patch|replace|insert|delete)\(\s*"skills"/u.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(writers).toEqual(["model/skillWrites.ts"]);
  // A write that does not name its table would escape the search above.
  const unnamed = files.filter((file) =>
    /db\s*\.(?:patch|replace|delete)\(\s*[^"\s]/u.test(readFileSync(join(folder, file), "utf8")),
  );
  expect(unnamed).toEqual([]);
});
