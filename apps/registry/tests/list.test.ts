/**
 * The public list against an oracle that sorts in memory: every order, direction and filter, in both forms, before and after the backfills.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TestDeployment } from "@narrowcast/server";
import type { Doc } from "../convex/_generated/dataModel.js";
import { isPublic, isSuspicious, MALWARE_FLAG, SUSPICIOUS_FLAG } from "../convex/model/rules.ts";
import { ROWS_READ_MAX } from "../convex/model/listRead.ts";
import {
  addSkills,
  backfillAll,
  inside,
  listAll,
  listPage,
  openRegistry,
  slugsOf,
  START_MS,
  type Form,
  type ListArgs,
  type SkillFields,
} from "../testing/registry.ts";

const SORTS = {
  newest: ["createdAt"],
  updated: ["updatedAt"],
  name: ["displayName"],
  downloads: ["statsDownloads", "updatedAt"],
  stars: ["statsStars", "updatedAt"],
  installs: ["statsInstallsAllTime", "updatedAt"],
} as const;
type Sort = keyof typeof SORTS;
const SKILLS = 70;
const PAGE = 7;
let app: TestDeployment;

beforeAll(async () => {
  app = await openRegistry();
  await addSkills(
    app,
    Array.from({ length: SKILLS }, (_, at) => ({ slug: `skill-${at}`, skill: skillNumber(at) })),
  );
  await inside(app, async (ctx) => {
    for (const skill of await ctx.db.query("skills").collect()) {
      if (skill.createdAt % 6_000 !== 0) continue;
      const mark = { byUserId: skill.ownerUserId, at: START_MS };
      await ctx.db.insert("skillBadges", { skillId: skill._id, kind: "highlighted", ...mark });
      await ctx.db.patch("skills", skill._id, { badges: { highlighted: mark } });
    }
  });
});
afterAll(async () => await app.close());

/** Ties, absent values, and rows that the public or the filter does not want, spread over the table. */
function skillNumber(at: number): SkillFields {
  const { statsDownloads, ...others } = {
    displayName: `Skill ${(at * 37) % 20}`,
    statsDownloads: at % 5,
    statsStars: at % 3,
    statsInstallsAllTime: (at * 13) % 11,
    updatedAt: START_MS - (at % 9) * 1_000,
  };
  return {
    ...others,
    ...(at % 8 === 0 ? {} : { statsDownloads }),
    ...(at % 10 === 1 ? { moderationReason: "scanner.llm.suspicious" } : {}),
    ...(at % 10 === 2 ? { moderationFlags: [SUSPICIOUS_FLAG] } : {}),
    ...(at % 10 === 4 ? { moderationFlags: [MALWARE_FLAG] } : {}),
    ...(at % 10 === 5 ? { moderationStatus: "hidden" as const } : {}),
    ...(at % 10 === 7 ? { softDeletedAt: START_MS } : {}),
  };
}

async function expected(args: ListArgs): Promise<string[]> {
  const skills = await inside(app, async (ctx) => await ctx.db.query("skills").collect());
  const sort = (args.sort ?? "newest") as Sort;
  const sign = (args.dir ?? (sort === "name" ? "asc" : "desc")) === "asc" ? 1 : -1;
  const fields = [...SORTS[sort], "_creationTime"] as const;
  const rank = (a: Doc<"skills">, b: Doc<"skills">): number => {
    const field = fields.find((each) => a[each] !== b[each]);
    if (field === undefined) return 0;
    return sign * ((a[field] ?? -1) < (b[field] ?? -1) ? -1 : 1);
  };
  return skills
    .filter((skill) => isPublic(skill) && !(args.nonSuspiciousOnly === true && isSuspicious(skill)))
    .filter((skill) => args.highlightedOnly !== true || skill.badges?.highlighted !== undefined)
    .toSorted(rank)
    .map(({ slug }) => slug);
}

const QUESTIONS: ListArgs[] = (Object.keys(SORTS) as Sort[]).flatMap((sort) =>
  [{}, { dir: "asc" }, { dir: "desc" }].flatMap((dir) =>
    [
      {},
      { nonSuspiciousOnly: true },
      { highlightedOnly: true },
      { nonSuspiciousOnly: true, highlightedOnly: true },
    ].map((filter) => ({ sort, ...dir, ...filter })),
  ),
);

async function expectEveryList(form: Form): Promise<void> {
  for (const args of QUESTIONS) {
    const pages = await listAll(app, form, args, PAGE);
    expect(slugsOf(...pages), JSON.stringify(args)).toEqual(await expected(args));
    if (form === "before/skills") continue;
    const short = pages.slice(0, -1).filter(({ page }) => page.length !== PAGE);
    expect(short, `short pages of ${JSON.stringify(args)}`).toEqual([]);
  }
}

describe("every order, direction and filter gives exactly the public skills", () => {
  test("in the first form", async () => await expectEveryList("before/skills"));
  test("by indexes, before any backfill", async () => await expectEveryList("skills"));
  test("by indexes, once the backfills are complete", async () => {
    await backfillAll(app);
    await expectEveryList("skills");
  });
});

test("entries are the same in both forms but for the creation time of a version", async () => {
  const pagination = { numItems: 50, cursor: null };
  const before = await listPage(app, "before/skills", {}, pagination);
  const after = await listPage(app, "skills", {}, pagination);
  const plain = ({ page }: typeof after) =>
    page.map(({ latestVersion, ...entry }) => ({ ...entry, version: { ...latestVersion, _creationTime: 0 } }));
  expect(plain(after).slice(0, 30)).toEqual(plain(before).slice(0, 30));
});

describe("a cursor belongs to one list", () => {
  const refused = [
    { name: "sort", args: { sort: "stars" } },
    { name: "direction", args: { sort: "downloads", dir: "asc" } },
    { name: "filter", args: { sort: "downloads", nonSuspiciousOnly: true } },
    { name: "badge filter", args: { sort: "downloads", highlightedOnly: true } },
  ];
  test.each(refused)("another $name refuses it in a way that clients understand", async ({ args }) => {
    const { continueCursor } = await listPage(app, "skills", { sort: "downloads" }, { numItems: 5, cursor: null });
    const asked = listPage(app, "skills", args, { numItems: 5, cursor: continueCursor });
    await expect(asked).rejects.toThrow(/"paginationError":"InvalidCursor"/u);
    await expect(listPage(app, "skills", args, { numItems: 5, cursor: continueCursor })).rejects.toThrow(
      /Cannot continue the list: the cursor belongs to the list .*by_active_stats_downloads desc.* and this is/u,
    );
  });

  test.each(["", "abc", "[]", '["by_active_created desc",[1]]', '["by_active_created desc",[{},1]]'])(
    "a text that is none is refused: %s",
    async (cursor) => {
      await expect(listPage(app, "skills", {}, { numItems: 5, cursor })).rejects.toThrow(/Cannot continue the list/u);
    },
  );

  test.each([0, -1, 2.5])("a page of %d rows is refused", async (numItems) => {
    await expect(listPage(app, "skills", {}, { numItems, cursor: null })).rejects.toThrow(/numItems/u);
  });
});

describe("pages whose ends are given", () => {
  test.each(["newest", "downloads", "name"])(
    "neither overlap nor leave a gap while the list moves, by %s",
    async (sort) => {
      const args = { sort };
      const first = await listPage(app, "skills", args, { numItems: 10, cursor: null });
      expect(first.pageStatus).toBe("SplitRecommended");
      const split = first.splitCursor ?? "";
      const [added] = await addSkills(app, [
        {
          slug: `moving-${sort}`,
          skill: {
            displayName: "A",
            createdAt: START_MS + 1,
            updatedAt: START_MS + 1,
            statsDownloads: 99,
            isSuspicious: false,
          },
        },
      ]);
      const parts = [
        await listPage(app, "skills", args, { numItems: 10, cursor: null, endCursor: split }),
        await listPage(app, "skills", args, { numItems: 10, cursor: split, endCursor: first.continueCursor }),
        await listPage(app, "skills", args, { numItems: 200, cursor: first.continueCursor }),
      ];
      expect(slugsOf(...parts)).toEqual(await expected(args));
      expect(slugsOf(...parts)).toContain(`moving-${sort}`);
      expect(parts[0]!.page.length + parts[1]!.page.length).toBe(11);
      expect(parts.map(({ isDone }) => isDone)).toEqual([false, false, true]);
      await inside(app, async (ctx) => await ctx.db.delete("skills", added!));
    },
  );

  test("a page reads the rows that it shows, and no others", async () => {
    const first = await listPage(app, "skills", { sort: "name" }, { numItems: 5, cursor: null });
    const cost = await app.expectCost(() =>
      listPage(app, "skills", { sort: "name" }, { numItems: 5, cursor: null, endCursor: first.continueCursor }),
    );
    // Every fifth row is one that the public may not see; an owner, and the two rows of proof.
    expect(cost.convexDocuments).toBeLessThanOrEqual(5 + 3 + 1 + 1);
  });
});

describe("a stretch that the public may not see", () => {
  const args = { sort: "installs", dir: "desc" };

  beforeAll(async () => {
    await addSkills(
      app,
      Array.from({ length: ROWS_READ_MAX + 50 }, (_, at) => ({
        slug: `malware-${at}`,
        skill: { statsInstallsAllTime: 1_000, moderationFlags: [MALWARE_FLAG], isSuspicious: false },
        version: null,
      })),
    );
  });

  test("ends a page at the row budget, with a cursor that goes on", async () => {
    const first = await listPage(app, "skills", args, { numItems: 10, cursor: null });
    expect(first).toMatchObject({ page: [], isDone: false });
    const second = await listPage(app, "skills", args, { numItems: 10, cursor: first.continueCursor });
    expect(slugsOf(second)).toEqual((await expected(args)).slice(0, 10));
    expect(second.isDone).toBe(false);
  });

  test("makes a page with a given end ask to be split, until each part is whole", async () => {
    const first = await listPage(app, "skills", args, { numItems: 10, cursor: null });
    const second = await listPage(app, "skills", args, { numItems: 10, cursor: first.continueCursor });
    const whole = { numItems: 10, cursor: null, endCursor: second.continueCursor };
    const tooLarge = await listPage(app, "skills", args, whole);
    expect(tooLarge.pageStatus).toBe("SplitRequired");
    const split = tooLarge.splitCursor ?? "";
    const left = await listPage(app, "skills", args, { ...whole, endCursor: split });
    const right = await listPage(app, "skills", args, { ...whole, cursor: split });
    expect(right.pageStatus).toBeNull();
    expect(slugsOf(left, right)).toEqual((await expected(args)).slice(0, 10));
  });
});
