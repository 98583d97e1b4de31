/**
 * The gate: every public function takes a password and refuses a wrong one before it does anything else.
 *
 * The list of functions is read from the modules, so that a new function without the gate fails here.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { PASSWORD, type Backend, type BackendDriver } from "../testing/backend.ts";
import { publicFunctions, type PublicFunction } from "../testing/functions.ts";
import { finishJobs, makeChain, makeNamespace } from "../testing/world.ts";

/** Functions of the official sets as the data model's first version had them, and as they are after it. */
const COUNTS = { before: { query: 27, mutation: 30 }, after: { query: 24, mutation: 31 } };

/** The suite. */
export function accessContract(driver: BackendDriver): void {
  describe(`access on ${driver.name}`, async () => {
    const functions = await publicFunctions();
    let backend: Backend;
    let args: Record<string, unknown>;
    // One deployment for all: a call that is refused leaves it as it is.
    beforeAll(async () => {
      backend = await driver.open();
      args = await validArgs(backend);
    });
    afterAll(async () => await backend.close());

    test.each(functions)("$path refuses a wrong password", async ({ kind, path, args: names }) => {
      const given = Object.fromEntries(names.map((name) => [name, argument(path, name, args)]));
      await expect(backend.raw(kind, path, { ...given, password: "wrong" })).rejects.toThrow("Unauthorized");
    });

    test.each(functions)("$path refuses a call without a password", async ({ kind, path, args: names }) => {
      const given = names.filter((name) => name !== "password").map((name) => [name, argument(path, name, args)]);
      await expect(backend.raw(kind, path, Object.fromEntries(given) as Record<string, unknown>)).rejects.toThrow(
        "password",
      );
    });

    test.each(["before", "after"] as const)("the %s form has as many functions as it should", (form) => {
      const own = functions.filter(
        ({ path }) => path.startsWith("before/") === (form === "before") && !path.startsWith("checks:"),
      );
      const count = (kind: PublicFunction["kind"]) => own.filter((each) => each.kind === kind).length;
      expect({ query: count("query"), mutation: count("mutation") }).toEqual(COUNTS[form]);
    });

    test("the right password is let in", async () => {
      expect(await backend.raw("query", "namespaces:list", { password: PASSWORD })).toHaveLength(1);
    });
  });
}

/** One value for every argument name of the app. */
async function validArgs(backend: Backend): Promise<Record<string, unknown>> {
  const namespaceId = await makeNamespace(backend);
  const { id: assignmentId, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan"]);
  const threadId = await backend.mutation(api.chatThreads.create, { namespaceId });
  await backend.mutation(api.chatMessages.add, { threadId, role: "user", content: "hello" });
  const { jobId } = await backend.mutation(api.chatJobs.trigger, { threadId });
  await finishJobs(backend, jobIds[0]!);
  return {
    namespaceId,
    assignmentId,
    threadId,
    groupId: groupIds[0],
    afterGroupId: groupIds[0],
    headGroupId: groupIds[0],
    ids: {
      namespaces: namespaceId,
      assignments: assignmentId,
      jobs: jobIds[0]![0],
      chatJobs: jobId,
      chatThreads: threadId,
    },
    northStar: "North",
    name: "harbor",
    title: "Title",
    reason: "Reason",
    content: "Content",
    role: "user",
    result: "Result",
    claudeSessionId: "s-1",
    lastPromptMode: "jam",
    mode: "jam",
    jobs: [{ jobType: "plan", harness: "claude" }],
  };
}

function argument(path: string, name: string, values: Record<string, unknown>): unknown {
  if (name !== "id") return values[name];
  if (/:getGroup(WithJobs)?$/u.test(path)) return values.groupId;
  const module = path.replace("before/", "").split(":")[0]!;
  return (values.ids as Record<string, Id<"jobs">>)[module];
}
