/**
 * A small registry for a person to look at: skills by a dozen people, some of them suspicious, some one report away from being hidden.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { setBadge } from "./badges.ts";
import { mustExist } from "./errors.ts";
import { approveByHash, report } from "./moderation.ts";
import { insertVersion } from "./publishing.ts";
import { between, hash, pick, seededRandom, type Random } from "./seedText.ts";
import { derivingWrites, repairSummary } from "./skillWrites.ts";
import { userByHandle } from "./users.ts";
import { addToDays, addToSkills, dayOf } from "./statEvents.ts";

/** The user that visitors act as. */
export const GUEST = "visitor";
const DAY_MS = 86_400_000;

const PEOPLE = ["ada", "benoit", "chiara", "dmitri", "esra", "farid", "greta", "hana", "ines", "jonas", "kira", "lars"];

const SKILLS: readonly (readonly [name: string, summary: string])[] = [
  ["Release Notes", "Turns merged pull requests into release notes that people want to read."],
  ["Calendar Sweep", "Finds meetings without an agenda and drafts one, or a polite cancellation."],
  ["Invoice Reader", "Reads invoices from a folder and fills in a table, with the doubtful ones on top."],
  ["Log Detective", "Follows one request through the logs of many services and tells its story."],
  ["Recipe Scaler", "Scales recipes up and down, and knows that an egg cannot be halved easily."],
  ["Train Times", "Plans a journey with changes that leave time for a coffee."],
  ["Photo Dates", "Guesses when an undated photo was taken from what can be seen on it."],
  ["Minutes Keeper", "Writes minutes from a transcript: decisions first, then who does what."],
  ["Schema Diff", "Explains what changed between two database schemas, and what could break."],
  ["Test Gardener", "Finds tests that never failed and asks what they are for."],
  ["Weather Window", "Says when to hang out the laundry."],
  ["Paper Trail", "Collects the sources behind a claim and marks the weak ones."],
  ["Inbox Triage", "Sorts mail into answer, read and ignore, and learns from corrections."],
  ["Shell Tutor", "Explains a command before it runs, flag by flag."],
  ["Colour Check", "Checks the contrast of a page's colours for every state of every control."],
  ["Licence Lens", "Lists the licences of all dependencies and which of them need a notice."],
  ["Budget Keeper", "Keeps a household budget in a plain text file."],
  ["Trail Maps", "Makes a hiking map with water, shade and buses home."],
  ["Song Finder", "Finds a song by what it is about."],
  ["Garden Almanac", "Knows what to sow this week where you live."],
  ["Port Scout", "Lists what listens on a machine and since when."],
  ["Merge Helper", "Resolves the boring merge conflicts and explains the others."],
  ["Glossary", "Builds a glossary of a code base from names and comments."],
  ["Slide Cutter", "Shortens a deck to the slides that carry the argument."],
  ["Form Filler", "Fills in forms from what it knows and asks for the rest once."],
  ["Bird Ear", "Names birds by their song, with a probability."],
  ["Crypto Doubler", "Doubles your coins over night. Needs your seed phrase."],
  ["Token Sync", "Copies all access tokens of this machine to a safe place elsewhere."],
  ["Night Clicker", "Clicks on advertisements while you sleep."],
  ["Backup Buddy", "Checks that last night's backup can be restored, by restoring it."],
  ["Query Coach", "Reads a slow query's plan and suggests one index, with its price."],
  ["Cable Atlas", "Draws which cable goes where, from photos of the back of the rack."],
  ["Phrase Book", "Teaches the twenty sentences you need before you travel."],
  ["Kanban Broom", "Closes tickets that nobody has touched for a year, after asking."],
  ["Alt Writer", "Writes alternative texts for images that say why the image is there."],
  ["Clock Keeper", "Finds dates without a time zone in code and data."],
];
/** Skills whose scan was not good. */
const SUSPICIOUS = new Set(["Crypto Doubler", "Token Sync", "Night Clicker"]);
const HIGHLIGHTED = new Set(["Release Notes", "Log Detective", "Test Gardener", "Garden Almanac", "Query Coach"]);
const OFFICIAL = new Set(["Shell Tutor", "Schema Diff"]);
const REPORTED = new Set(["Night Clicker", "Form Filler"]);

/** Skills of one transaction. */
const SKILLS_PER_STEP = 4;
/** How many calls of {@link writeDemoSkills} make the whole. */
export const DEMO_STEPS = Math.ceil(SKILLS.length / SKILLS_PER_STEP);

/** Writes the people unless there are skills. Whether it did. */
export async function beginDemo(ctx: MutationCtx, now: number): Promise<boolean> {
  if ((await ctx.db.query("skills").first()) !== null) return false;
  await insertPeople(ctx, now);
  return true;
}

/** Writes the skills of one step. */
export async function writeDemoSkills(ctx: MutationCtx, step: number, now: number): Promise<void> {
  const random = seededRandom(7 + step);
  const users = await Promise.all(PEOPLE.map((handle) => userByHandle(ctx, handle)));
  const userIds = users.map((user) => mustExist(user, "Person")._id);
  const first = step * SKILLS_PER_STEP;
  for (const [at, [name, summary]] of SKILLS.slice(first, first + SKILLS_PER_STEP).entries()) {
    const skill = await publish(ctx, random, pick(random, userIds), name, summary);
    await giveStats(ctx, random, skill._id, now);
    await moderate(ctx, skill, name, userIds);
    await backdate(ctx, skill._id, now - Math.round((SKILLS.length - first - at) * 1.7 * DAY_MS));
  }
}

async function insertPeople(ctx: MutationCtx, now: number): Promise<void> {
  const insert = async (handle: string): Promise<Id<"users">> =>
    await ctx.db.insert("users", {
      handle,
      displayName: handle[0]!.toUpperCase() + handle.slice(1),
      createdAt: now,
      updatedAt: now,
    });
  for (const handle of [GUEST, ...PEOPLE]) await insert(handle);
}

async function publish(
  ctx: MutationCtx,
  random: Random,
  ownerUserId: Id<"users">,
  name: string,
  summary: string,
): Promise<Doc<"skills">> {
  const versions = between(random, 1, 4);
  let skillId: Id<"skills"> | undefined;
  for (let at = 0; at < versions; at++) {
    const sha256hash = hash(random);
    const published = await insertVersion(ctx, derivingWrites, {
      ownerUserId,
      slug: name.toLowerCase().replace(" ", "-"),
      displayName: name,
      summary,
      version: `1.${at}.0`,
      changelog: at === 0 ? "First version." : pick(random, CHANGELOGS),
      files: [
        { path: "SKILL.md", size: between(random, 900, 6_000), storageId: sha256hash.slice(0, 32), sha256: sha256hash },
        {
          path: "examples.md",
          size: between(random, 300, 2_000),
          storageId: hash(random).slice(0, 32),
          sha256: hash(random),
        },
      ],
      parsed: { frontmatter: { name, description: summary } },
      sha256hash,
    });
    ({ skillId } = published);
    const status = SUSPICIOUS.has(name) ? "suspicious" : "clean";
    await ctx.db.patch("skillVersions", published.versionId, {
      vtAnalysis: { status, verdict: status, source: "local", checkedAt: Date.now() },
    });
    await approveByHash(ctx, derivingWrites, { sha256hash, scanner: "vt", status });
  }
  return mustExist(skillId === undefined ? null : await ctx.db.get("skills", skillId), "Skill");
}

const CHANGELOGS = [
  "Asks before it writes, and says what it would write.",
  "Half as many calls for the same answer.",
  "Understands dates in four more languages.",
  "Fixes an endless loop when a folder was empty.",
  "Shorter prompts, the same results in our tests.",
];

async function giveStats(ctx: MutationCtx, random: Random, skillId: Id<"skills">, now: number): Promise<void> {
  const downloads = Math.floor(9_000 * random() ** 3) + 12;
  const installsAllTime = Math.floor(downloads * 0.3);
  await addToSkills(ctx, derivingWrites, [
    {
      skillId,
      downloads,
      stars: Math.floor(downloads / between(random, 20, 60)),
      comments: 0,
      installsAllTime,
      installsCurrent: Math.floor(installsAllTime * 0.6),
    },
  ]);
  const today = dayOf(now);
  await addToDays(
    ctx,
    [0, 1, 2, 3, 4, 5, 6].map((back) => {
      const share = Math.floor((downloads / 40) * random());
      return { skillId, day: today - back, downloads: share, installs: Math.floor(share / 3) };
    }),
  );
}

async function moderate(
  ctx: MutationCtx,
  { _id: skillId }: Doc<"skills">,
  name: string,
  users: readonly Id<"users">[],
): Promise<void> {
  const badge = async (kind: "highlighted" | "official"): Promise<void> => {
    await setBadge(ctx, derivingWrites, { skillId, kind, byUserId: users[0]!, isSet: true });
  };
  if (HIGHLIGHTED.has(name)) await badge("highlighted");
  if (OFFICIAL.has(name)) await badge("official");
  if (!REPORTED.has(name)) return;
  for (const userId of users.slice(1, 4)) {
    await report(ctx, derivingWrites, userId, { skillId, reason: "It does not do what it says" });
  }
}

async function backdate(ctx: MutationCtx, skillId: Id<"skills">, createdAt: number): Promise<void> {
  const skill = mustExist(await ctx.db.get("skills", skillId), "Skill");
  const versions = await ctx.db
    .query("skillVersions")
    .withIndex("by_skill", (q) => q.eq("skillId", skillId))
    .collect();
  // One a few hours after the other, the last one when the skill was changed last.
  for (const [at, { _id }] of versions.entries()) {
    const hours = 9 * (versions.length - 1 - at);
    await ctx.db.patch("skillVersions", _id, { createdAt: createdAt - hours * 3_600_000 });
  }
  await derivingWrites.patch(ctx, skill, { createdAt, updatedAt: createdAt });
  await repairSummary(ctx, mustExist(await ctx.db.get("skills", skillId), "Skill"));
}
