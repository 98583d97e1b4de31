/**
 * Which loose rejections belong to user code, and that the guard keeps a process alive for these only.
 */
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { afterAll, expect, test } from "vitest";
import { isFromUserCode } from "./rejection-guard.ts";

const dir = mkdtempSync(path.join(tmpdir(), "narrowcast-guard-"));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test.each([
  [new Error("ours"), false],
  [Object.assign(new Error("theirs"), { stack: "Error: theirs\n    at f (narrowcast-bundle/isolate.js:1:2)" }), true],
  [Object.assign(new Error("theirs"), { stack: "Error: theirs\n    at narrowcast-bundle/node.js:1:2" }), true],
  ["text", true],
  [undefined, true],
])("isFromUserCode(%s) is %s", (reason, expected) => {
  expect(isFromUserCode(reason)).toBe(expected);
});

/** Runs a program that rejects a promise with `reason` after the guard is in place; gives its exit code and output. */
async function exitOf(reason: string): Promise<{ readonly code: number; readonly output: string }> {
  const guard = fileURLToPath(new URL("./rejection-guard.ts", import.meta.url));
  const { outputFiles } = await esbuild.build({
    stdin: {
      contents: `import { guardRejections } from ${JSON.stringify(guard)}; import { compileFunction } from "node:vm";
        guardRejections(); guardRejections();
        void Promise.reject(${reason}); setTimeout(() => console.log("still alive"), 50);`,
      resolveDir: path.dirname(guard),
    },
    bundle: true,
    write: false,
    format: "cjs",
    platform: "node",
  });
  const file = path.join(dir, "program.cjs");
  writeFileSync(file, outputFiles[0]!.contents);
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [file], (_error, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr });
    });
  });
}

test("a loose rejection of user code is reported and survived", async () => {
  const reason = `compileFunction('return new Error("slip")', [], { filename: "narrowcast-bundle/isolate.js" })()`;
  const { code, output } = await exitOf(reason);
  expect(output).toContain("still alive");
  expect(output.match(/A function left a promise behind that failed; await every promise: Error: slip/g)).toHaveLength(
    1,
  );
  expect(code).toBe(0);
});

test("a loose rejection of the server stays fatal", async () => {
  const { code, output } = await exitOf(`new Error("defect")`);
  expect(output).not.toContain("still alive");
  expect(output).toContain("defect");
  expect(code).not.toBe(0);
});
