/**
 * The command line over a deployment: every verb, its exit code and what it prints.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCli } from "../cli/program.ts";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import type { ArrangeableBackend, BackendDriver } from "../testing/backend.ts";
import { makeChain, makeNamespace } from "../testing/world.ts";

/** The suite. */
export function cliContract(driver: BackendDriver<ArrangeableBackend>): void {
  describe(`command line on ${driver.name}`, () => {
    let backend: ArrangeableBackend;
    let namespaceId: Id<"namespaces">;
    beforeEach(async () => {
      backend = await driver.open();
      namespaceId = await makeNamespace(backend);
    });
    afterEach(async () => await backend.close());

    const cli = async (argv: readonly string[], hasColor = false) => {
      let out = "";
      let err = "";
      const code = await runCli(argv, {
        stdout: (text) => (out += text),
        stderr: (text) => (err += text),
        hasColor,
        now: Date.now,
        connect: async (_config, namespace) => ({
          client: backend,
          namespace: namespace ?? "harbor",
          harnessFor: (jobType) => (jobType === "review" ? "codex" : "claude"),
        }),
      });
      return { code, out, err };
    };
    const json = async (...argv: string[]): Promise<never> => {
      const { code, out, err } = await cli(["--json", ...argv]);
      expect(err).toBe("");
      expect(code).toBe(0);
      return JSON.parse(out) as never;
    };

    test("an assignment's life: create, list, show, block, unblock, update, complete, delete", async () => {
      const { id }: { id: string } = await json(
        "create",
        "Reach it",
        "-i",
        "-p",
        "3",
        "-j",
        "plan:think first",
        "review",
      );
      expect((await cli(["assignments"])).out).toMatch(new RegExp(`${id} +pending +independent`, "u"));
      const shown = (await cli(["assignment", id])).out;
      expect(shown).toMatch(/plan +claude +pending/u);
      expect(shown).toMatch(/review +codex +pending/u);
      await json("block", id, "no", "account");
      expect((await cli(["assignments", "-s", "blocked"])).out).toContain(id);
      await json("unblock", id);
      await json("update-assignment", id, "--decisions", "[1]", "--alignment", "uncertain");
      expect(await backend.query(api.assignments.get, { id: id as Id<"assignments"> })).toMatchObject({
        status: "active",
        decisions: "[1]",
        alignmentStatus: "uncertain",
      });
      await json("complete", id);
      expect(await json("queue")).toEqual({ total: 1, pending: 0, active: 0, blocked: 0, complete: 1 });
      expect(await json("delete-assignment", id)).toEqual({ deleted: true, groupsDeleted: 1, jobsDeleted: 2 });
    });

    test("a job's life: insert, list, start, complete, fail, show", async () => {
      const { id, groupIds, jobIds } = await makeChain(backend, namespaceId, ["plan test"]);
      const inserted: { jobIds: string[] } = await json("insert-job", "document:one page", "--after", groupIds[0]!);
      expect((await cli(["groups", "-a", id])).out.match(/pending/gu)).toHaveLength(2);
      await json("start-job", jobIds[0]![0]!, "--prompt", "Plan");
      await json("start-job", jobIds[0]![1]!);
      expect((await cli(["jobs", "-s", "running"])).out.split("\n").filter(Boolean)).toHaveLength(3);
      await json("complete-job", jobIds[0]![0]!, "all", "planned");
      expect((await cli(["fail-job", jobIds[0]![1]!, "no", "luck"])).out).toContain("its group is complete");
      expect((await cli(["group", groupIds[0]!])).out).toContain("## plan\n\nall planned");
      expect((await cli(["job", jobIds[0]![0]!])).out).toMatch(/result +all planned/u);
      expect((await cli(["jobs", "-g", groupIds[0]!])).out).toMatch(/test +claude +failed/u);
      expect(await backend.query(api.jobs.get, { id: inserted.jobIds[0] as Id<"jobs"> })).toMatchObject({
        context: "one page",
      });
    });

    test("a chat's life: create, list, send, show, mode, title", async () => {
      const { id }: { id: string } = await json("chat-create", "Slow", "search", "-m", "cook");
      await json("chat-send", id, "make", "it", "fast");
      await json("chat-mode", id, "jam");
      await json("chat-title", id, "Fast", "search");
      expect((await cli(["chat-threads"])).out).toMatch(/jam +\d+ s ago +Fast search/u);
      expect((await cli(["chat-thread", id])).out).toContain("make it fast");
      expect(await backend.query(api.scheduler.getReadyChatJobs, { namespaceId })).toHaveLength(1);
    });

    test("check says what is wrong and repairs it", async () => {
      expect((await cli(["check"])).out).toContain("Nothing is wrong");
      await backend.arrange((ctx) =>
        ctx.db.patch(namespaceId, { assignmentCounts: { pending: 4, active: 0, blocked: 0, complete: 0 } }),
      );
      expect((await cli(["check"])).out).toContain("counters");
      expect((await cli(["check", "--repair"])).out).toContain("Nothing is wrong");
    });

    test.each([
      { name: "an unknown verb", argv: ["frobnicate"], code: 2, err: "unknown command" },
      { name: "a missing argument", argv: ["block"], code: 2, err: "missing required argument" },
      {
        name: "a wrong choice",
        argv: ["chat-mode", "x", "sleepy"],
        code: 2,
        err: "Allowed choices are jam, cook, guardian",
      },
      { name: "a wrong harness", argv: ["create", "x", "--harness", "vim"], code: 2, err: "claude, codex or gemini" },
      {
        name: "an unknown namespace",
        argv: ["-n", "nowhere", "queue"],
        code: 1,
        err: 'Cannot find namespace "nowhere"',
      },
      { name: "an update of nothing", argv: ["update-assignment", "x"], code: 1, err: "nothing to change" },
      { name: "jobs that hang on nothing", argv: ["insert-job", "plan"], code: 1, err: "name one" },
    ])("$name ends with $code and says why", async ({ argv, code, err }) => {
      const ended = await cli(argv);
      expect({ code: ended.code, out: ended.out }).toEqual({ code, out: "" });
      expect(ended.err).toContain(err);
    });

    test("a refusal by a function is shown in its own words", async () => {
      const { jobIds } = await makeChain(backend, namespaceId, ["plan"]);
      await cli(["start-job", jobIds[0]![0]!]);
      const again = await cli(["start-job", jobIds[0]![0]!]);
      expect(again.code).toBe(1);
      expect(again.err).toContain("Cannot start the job: it is running; only a pending job can be started");
    });

    test("help lists every verb and ends with 0", async () => {
      const { code, out } = await cli(["--help"]);
      expect(code).toBe(0);
      const verbs =
        "assignments assignment groups group jobs job queue create insert-job update-assignment complete block unblock " +
        "delete-assignment start-job complete-job fail-job chat-threads chat-thread chat-create chat-send chat-mode chat-title";
      for (const verb of verbs.split(" ")) expect(out).toMatch(new RegExp(`^ +${verb} `, "mu"));
    });

    test("colours only when allowed", async () => {
      await makeChain(backend, namespaceId, ["plan"]);
      // eslint-disable-next-line no-control-regex -- the escape is what is looked for
      const escape = /\u001b\[/u;
      expect((await cli(["assignments"], false)).out).not.toMatch(escape);
      expect((await cli(["assignments"], true)).out).toMatch(escape);
    });
  });
}
