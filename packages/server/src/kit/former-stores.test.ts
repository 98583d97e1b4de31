/**
 * Stores that former releases wrote: each is found sound, opens with the answers it gave then, goes on where it was, and is sound after that.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseValue } from "@narrowcast/values";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CallOutcome, Deployment } from "../protocol/deployment-types.ts";
import { VirtualClock } from "../protocol/virtual-clock.ts";
import { bundleApp } from "../app/bundle.ts";
import { checkDeployment } from "./check-deployment.ts";
import { startTestDeployment, type TestDeployment } from "./test-deployment.ts";

/** What a store answered: see `testing/stores/README.md`. */
interface Answers {
  readonly nowMs: number;
  readonly session: string;
  readonly environment: readonly unknown[];
  readonly functions: readonly string[];
  readonly crons: readonly unknown[];
  readonly fileBytes: string;
  readonly answers: readonly {
    readonly kind: "query" | "session";
    readonly path: string;
    readonly args: string;
    readonly value: string;
  }[];
}

const STORES = join(import.meta.dirname, "../testing/stores");
const HOUR_MS = 3_600_000;
const SEASON_MS = 90 * 24 * HOUR_MS;

let root = "";
let directory = "";
let app: TestDeployment | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "narrowcast-former-"));
  directory = join(root, "store");
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  rmSync(root, { recursive: true, force: true });
});

describe.each(["0.1.0"])("the store of %s", (name) => {
  const expected = JSON.parse(readFileSync(join(STORES, `${name}.json`), "utf8")) as Answers;
  const queries = expected.answers.filter(({ kind }) => kind === "query");
  const sent = expected.answers.filter(({ kind }) => kind === "session");

  async function open(): Promise<TestDeployment> {
    app = await startTestDeployment({ directory, clock: new VirtualClock(expected.nowMs) });
    return app;
  }

  async function close(): Promise<void> {
    await app?.close();
    app = undefined;
  }

  function unpack(): void {
    execFileSync("tar", ["-xzf", join(STORES, `${name}.tgz`), "-C", root]);
  }

  async function expectSameAnswers(deployment: Deployment): Promise<void> {
    for (const { path, args, value } of queries) expect(valueOf(await ask(deployment, path, args)), path).toBe(value);
  }

  /** Sends every mutation of the session again: each has its answer, and none runs. */
  async function expectSameSession(deployment: Deployment): Promise<void> {
    for (const [requestId, { path, args, value }] of sent.entries()) {
      const session = { sessionId: expected.session, requestId };
      expect(valueOf(await deployment.mutation({ ...callOf(path, args), session })), path).toBe(value);
    }
  }

  test("is sound, also after it was opened", async () => {
    unpack();
    const before = await checkDeployment(directory);
    expect(before).toMatchObject({ problems: [], files: 1, loose: [] });
    await open();
    await close();
    const after = await checkDeployment(directory);
    expect(after).toMatchObject({ problems: [], files: 1, loose: [] });
    expect(after.documents).toBeGreaterThanOrEqual(before.documents);
  });

  test("opens with the same functions, crons, environment and answers, and again", async () => {
    unpack();
    for (let opening = 0; opening < 2; opening += 1) {
      const { deployment } = await open();
      const { functions, crons } = await deployment.analysis();
      const names = functions.map(({ path, kind, visibility }) => `${visibility} ${kind} ${path}`);
      expect(names.filter((text) => !text.endsWith(" _testing:run"))).toEqual(expected.functions);
      expect(crons).toEqual(expected.crons);
      expect(await deployment.environment()).toEqual(expected.environment);
      await expectSameAnswers(deployment);
      await close();
    }
  });

  test("answers the mutations of a session again, and runs none of them", async () => {
    unpack();
    const { deployment } = await open();
    await expectSameSession(deployment);
    await expectSameAnswers(deployment);
  });

  test("gives the bytes of its file", async () => {
    unpack();
    const { deployment } = await open();
    const [file] = parseValue(queries.find(({ path }) => path === "items:files")?.value ?? "[]") as [{ url: string }];
    const download = await deployment.files.download(file.url.slice(file.url.lastIndexOf("/") + 1));
    expect(download).toMatchObject({ contentType: "text/plain", size: expected.fileBytes.length });
    const pieces: Uint8Array[] = [];
    for await (const piece of (await download?.read(0, download.size)) ?? []) pieces.push(piece);
    expect(String(Buffer.concat(pieces))).toBe(expected.fileBytes);
  });

  test("runs what it had scheduled, once, and its crons", async () => {
    unpack();
    const former = await open();
    const notes = async () => (await former.query("items:notes")) as readonly string[];
    const before = await notes();
    expect(before).toContain("first, at once");
    await former.advance(3 * HOUR_MS);
    const later = await notes();
    expect(later.slice(0, before.length + 1)).toEqual([...before, "first, an hour later"]);
    // The digest that the action of the second hour noted.
    expect(later[before.length + 1]).toMatch(/^[0-9a-f]{64}$/);
    expect(later).toHaveLength(before.length + 2);
    await former.advance(4 * HOUR_MS);
    expect((await notes()).slice(later.length)).toEqual(["six hours"]);
    await former.advance(SEASON_MS);
    const all = await notes();
    expect(all.filter((text) => text === "first, a season later")).toHaveLength(1);
    expect(all.filter((text) => text === "morning")).toHaveLength(90);
    expect(all.filter((text) => text.endsWith("cancelled"))).toEqual([]);
  });

  test("takes the same code again and keeps what it has", async () => {
    unpack();
    const { deployment } = await open();
    const { code } = await bundleApp(join(STORES, "app/convex"));
    expect(await deployment.push(code)).toMatchObject({ ok: true, summary: { indexesAdded: [], indexesRemoved: [] } });
    await expectSameAnswers(deployment);
    await expectSameSession(deployment);
    await close();
    expect((await checkDeployment(directory)).problems).toEqual([]);
  });
});

function callOf(path: string, args: string) {
  const identity = { kind: "none", key: "", attributes: null } as const;
  return { path, args, identity, allowInternal: false, requestId: "0000000000000000" };
}

function ask(deployment: Deployment, path: string, args: string): Promise<CallOutcome> {
  return deployment.query(callOf(path, args));
}

function valueOf(outcome: CallOutcome): string {
  if (outcome.ok) return outcome.value;
  throw new Error(outcome.errorMessage);
}
