/**
 * `npm test`: installs when needed, builds, runs every test and ends with the line `N passed, N failed`.
 * Arguments go to vitest, for example `npm test -- packages/server/src/tx`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ROOT } from "./install.mjs";

ensureInstalled();
ensureBuilt();
const folder = mkdtempSync(join(tmpdir(), "narrowcast-test-"));
const report = join(folder, "report.json");
const { status } = spawnSync(
  "node",
  [
    "node_modules/vitest/vitest.mjs",
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
  { cwd: ROOT, stdio: "inherit" },
);
let summary = "0 passed, 1 failed";
try {
  const { numPassedTests, numFailedTests, numPendingTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  // A file that cannot be loaded has no tests to count; it is a failure all the same.
  const failed = numFailedTests === 0 && numFailedTestSuites > 0 ? numFailedTestSuites : numFailedTests;
  summary = `${numPassedTests} passed, ${failed} failed${numPendingTests > 0 ? `, ${numPendingTests} skipped` : ""}`;
} catch (error) {
  process.stderr.write(`Cannot read the test report: ${String(error)}\n`);
}
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`\n${summary}\n`);
process.exit(status ?? 1);
