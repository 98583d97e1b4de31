/**
 * What the optimisation promised about the source, and the app's own model endpoint over real HTTP.
 */
import { openTestServer } from "@narrowcast/server";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { ModelQuestion } from "../convex/model/askModel.ts";

const CONVEX = join(import.meta.dirname, "../convex");
const OLDER = /^(?:before|after|_generated)\//;

/** Sources whose path fits, joined. */
function sources(fits: (file: string) => boolean): string {
  return readdirSync(CONVEX, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && fits(file))
    .map((file) => readFileSync(join(CONVEX, file), "utf8"))
    .join("\n");
}

const before = sources((file) => file.startsWith("before/"));
const after = sources((file) => file.startsWith("after/"));
const fixed = sources((file) => !OLDER.test(file));

test("only the first form walks users by a filter on the id", () => {
  const walk = /\.filter\(\(?q\)? => q\.eq\(q\.field\("_id"\)/;
  expect(before).toMatch(walk);
  expect(after).not.toMatch(walk);
  expect(fixed).not.toMatch(walk);
});

test("only the first form waits inside an action; the others schedule", () => {
  expect(before).toContain("setTimeout");
  expect(after).not.toContain("setTimeout");
  expect(fixed).not.toContain("setTimeout");
  for (const source of [after, fixed]) expect(source.match(/scheduler\.run/g)!.length).toBeGreaterThanOrEqual(2);
});

test("the clock is in no log of the fixed form's queries", () => {
  expect(after).toContain("logReads(");
  expect(sources((file) => /^[a-z]+\.ts$/.test(file) || file.startsWith("emails/"))).not.toContain("logReads");
});

test("the app's own model scores by rule over HTTP, and answers 429 while it is busy", async () => {
  const app = await openTestServer(CONVEX);
  try {
    const opportunity = {
      id: "opportunity",
      title: "Research engineer",
      organization: "Northlight",
      roleType: "research",
      requirements: ["Python", "statistics"],
    };
    const content = JSON.stringify({ profile: "Skills: Python, statistics", opportunities: [opportunity] });
    const question: Pick<ModelQuestion, "messages"> = { messages: [{ role: "user", content }] };
    const ask = async () => await fetch(`${app.siteUrl}/model`, { method: "POST", body: JSON.stringify(question) });
    const answers = [await ask(), await ask()];
    const [one, two] = (await Promise.all(answers.map((answer) => answer.json()))) as { content: object[] }[];
    expect(one).toEqual(two);
    expect(one).toMatchObject({
      content: [{ type: "tool_use", input: { matches: [{ opportunityId: "opportunity" }] } }],
    });
    await app.setEnvironment({ DEMO: "1" });
    await app.mutation("demo:makeModelBusy", { seconds: 60 });
    expect((await ask()).status).toBe(429);
    await app.mutation("demo:makeModelBusy", { seconds: 0 });
    expect((await ask()).status).toBe(200);
  } finally {
    await app.close();
  }
});
