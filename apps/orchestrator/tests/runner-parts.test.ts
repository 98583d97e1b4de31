/**
 * The runner's parts: reading output, configuration.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkConfig, commandFor, ConfigError, harnessFor, loadConfig } from "../runner/config.ts";
import { LINE_MAX, OutputReader, RESULT_HEAD_MAX, RESULT_TAIL_MAX } from "../runner/output.ts";

const { patterns } = checkConfig(
  {
    convexUrl: "u",
    namespace: "n",
    password: "p",
    workdir: ".",
    stateDir: ".",
    timeoutMs: 1,
    idleTimeoutMs: 1,
    heartbeatMs: 1,
    parallelMax: 1,
    harnessDefaults: {},
    commands: {},
    patterns: {},
  },
  "the test",
);

describe("OutputReader", () => {
  test("counts telling lines, also when they arrive in pieces, and keeps the others", () => {
    const reader = new OutputReader(patterns, 1);
    reader.push("Hello\n[to", 2);
    reader.push("ol] read\n[tokens] 5\n[tokens] 70\n[subagent] a\n[session] s-1\n[alignment] uncertain\nBye", 3);
    reader.end();
    expect(reader.metrics).toEqual({ toolCallCount: 1, subagentCount: 1, totalTokens: 70, lastEventAt: 3 });
    expect(reader.result).toBe("Hello\nBye");
    expect(reader.sessionId).toBe("s-1");
    expect(reader.alignment).toBe("uncertain");
  });

  test("a long output keeps its beginning and its end and says how much is missing", () => {
    const reader = new OutputReader(patterns, 1);
    for (let n = 0; n < 40_000; n++) reader.push(`line ${n}\n`, 2);
    reader.end();
    expect(reader.result.length).toBeLessThan(RESULT_HEAD_MAX + 2 * RESULT_TAIL_MAX + 100);
    expect(reader.result).toMatch(/^line 0\n/u);
    expect(reader.result).toMatch(/line 39999$/u);
    expect(reader.result).toMatch(/\[… \d+ characters left out …\]/u);
  });

  test("a line without an end does not grow for ever", () => {
    const reader = new OutputReader(patterns, 1);
    for (let n = 0; n < 100; n++) reader.push("x".repeat(LINE_MAX / 4), 2);
    reader.end();
    expect(reader.result.length).toBeLessThan(RESULT_HEAD_MAX + 2 * RESULT_TAIL_MAX + 100);
  });
});

describe("configuration", () => {
  test.each([
    { has: ["claude/plan", "plan", "claude", "default"], expected: "claude/plan" },
    { has: ["plan", "claude", "default"], expected: "plan" },
    { has: ["claude", "default"], expected: "claude" },
    { has: ["default", "codex"], expected: "default" },
  ])("of the commands $has a claude plan runs $expected", ({ has, expected }) => {
    expect(commandFor({ commands: Object.fromEntries(has.map((name) => [name, name])) }, "claude", "plan")).toBe(
      expected,
    );
  });

  test("a job type's harness, else the default one", () => {
    const config = { harnessDefaults: { default: "codex", review: "gemini" } } as const;
    expect([harnessFor(config, "review"), harnessFor(config, "plan")]).toEqual(["gemini", "codex"]);
  });

  test("the environment may say all that is needed, and wins over the file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "orchestrator-config-"));
    const file = join(folder, "config.json");
    await writeFile(file, JSON.stringify({ convexUrl: "http://file", namespace: "harbor", password: "from the file" }));
    const config = await loadConfig(file, { CONVEX_URL: "http://environment" });
    expect(config).toMatchObject({ convexUrl: "http://environment", password: "from the file", heartbeatMs: 60_000 });
    await rm(folder, { recursive: true });
  });

  test.each([
    { name: "no password", file: { convexUrl: "u", namespace: "n" }, error: '"password" is missing' },
    {
      name: "a time of 0",
      file: { convexUrl: "u", namespace: "n", password: "p", timeoutMs: 0 },
      error: '"timeoutMs" is 0',
    },
    {
      name: "an unknown harness",
      file: { convexUrl: "u", namespace: "n", password: "p", harnessDefaults: { default: "vim" } },
      error: '"vim"; it should be one of',
    },
  ])("$name is refused with a reason", async ({ file, error }) => {
    const folder = await mkdtemp(join(tmpdir(), "orchestrator-config-"));
    await writeFile(join(folder, "config.json"), JSON.stringify(file));
    await expect(loadConfig(join(folder, "config.json"), {})).rejects.toThrow(error);
    await rm(folder, { recursive: true });
  });

  test("a named file that is not there is an error, an unnamed one is not", async () => {
    await expect(loadConfig("/nowhere/config.json", {})).rejects.toThrow(ConfigError);
    const environment = { CONVEX_URL: "u", ADMIN_PASSWORD: "p", ORCHESTRATOR_NAMESPACE: "n" };
    expect((await loadConfig(undefined, environment)).namespace).toBe("n");
  });
});
