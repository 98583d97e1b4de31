/**
 * File storage of processes that are killed: what was acknowledged is there, what was deleted is gone, and bytes and rows agree.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { checkDeployment } from "./check-deployment.ts";
import { startDeployment } from "../host/deployment.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { filesWorld, openFiles } from "../testing/files-app.ts";

/** `CRASHES=50` kills more often. */
const CRASHES = Number(process.env["CRASHES"] ?? 4);
const WRITER = join(import.meta.dirname, "../testing/files-writer.ts");

const root = mkdtempSync(join(tmpdir(), "narrowcast-files-crash-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Runs the writer for a while and kills it. Returns the lines it printed. */
async function writeAndKill(directory: string, lifeMs: number): Promise<readonly (readonly string[])[]> {
  const flags = ["--import", "tsx", "--conditions=@narrowcast/source"];
  const child = spawn(process.execPath, [...flags, WRITER, directory], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), lifeMs);
    output += text;
  });
  const [, signal] = await once(child, "close");
  expect(signal).toBe("SIGKILL");
  // The last line may be cut short.
  const lines = output.split("\n").slice(0, -1);
  return lines.map((line) => line.split(" "));
}

/** What must be, may be, and must not be, by id. */
class Expected {
  readonly present = new Map<string, string>();
  readonly absent = new Set<string>();

  note(lines: readonly (readonly string[])[]): void {
    for (const [mark, id = "", sha256 = ""] of lines) {
      if (mark === "+") this.present.set(id, sha256);
      if (mark === "?") this.present.delete(id);
      if (mark === "-") this.absent.add(id);
    }
  }
}

test(
  "a killed store has every acknowledged file and none that was deleted; what is left over goes at the next start",
  { timeout: 60_000 + CRASHES * 15_000 },
  async () => {
    const directory = join(root, "store");
    const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };
    await (await openFiles({ directory })).deployment.close();
    const expected = new Expected();
    let leftOver = 0;
    for (let crash = 0; crash < CRASHES; crash += 1) {
      expected.note(await writeAndKill(directory, 50 + Math.random() * 400));
      const report = await checkDeployment(directory);
      expect(report.problems).toEqual([]);
      leftOver +=
        report.loose.length + readdirSync(join(directory, "files")).filter((file) => file.includes(".")).length;

      const world = filesWorld(await startDeployment({ ...urls, directory, threads: false }));
      await world.deployment.files.settled();
      const rows = (await world.query("rows")) as readonly { readonly _id: string; readonly sha256: string }[];
      expect(readdirSync(join(directory, "files")).toSorted()).toEqual(
        rows.map(({ _id }) => fileNameOf(_id)).toSorted(),
      );
      const found = new Map(rows.map(({ _id, sha256 }) => [_id, sha256]));
      for (const [id, sha256] of expected.present) expect(found.get(id), id).toBe(sha256);
      for (const id of expected.absent) expect(found.has(id), id).toBe(false);
      const [some] = expected.present;
      if (some !== undefined) {
        const bytes = await world.download(await world.query("url", { id: some[0] }));
        expect(
          createHash("sha256")
            .update(bytes ?? "")
            .digest("base64"),
        ).toBe(some[1]);
      }
      await world.deployment.close();
      expect(await checkDeployment(directory)).toMatchObject({ problems: [], loose: [], files: rows.length });
    }
    expect(expected.present.size).toBeGreaterThan(CRASHES);
    expect(expected.absent.size).toBeGreaterThan(0);
    // Otherwise the kills never came between bytes and rows, and proved less than they say.
    expect(leftOver).toBeGreaterThan(0);
  },
);
