/**
 * `npm test`: installs when needed, builds, runs the tests and ends with the line `N passed, N failed`.
 *
 * `npm test -- --long` runs the long part instead: browsers of all apps, crashes, what the forms of the apps cost, and longer searches of the oracles.
 * Other arguments go to vitest, for example `npm test -- packages/server/src/tx`.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ROOT } from "./install.mjs";

/** Files whose searches go further with `SIMS`, and how far: minutes, not hours. */
const SEARCHES = ["reactive/oracle", "core/generated.oracle", "core/core.sim"];
const LONG_SIMS = "400";
const LONG_CRASHES = "50";

const args = process.argv.slice(2);
const isLong = args.includes("--long");
const rest = args.filter((argument) => argument !== "--long");

ensureInstalled();
ensureBuilt();
const runs = [vitest(rest, isLong ? { LONG: "1", CRASHES: process.env.CRASHES ?? LONG_CRASHES } : {})];
if (isLong && rest.length === 0) runs.push(vitest(SEARCHES, { SIMS: process.env.SIMS ?? LONG_SIMS }));

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const run of runs) for (const key of Object.keys(sum)) sum[key] += run[key];
const summary = `${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`;
// Whoever runs several parts adds them up.
if (process.env.TEST_TOTALS !== undefined) appendFileSync(process.env.TEST_TOTALS, `${JSON.stringify(sum)}\n`);
process.stdout.write(`\n${summary}\n`);
process.exit(runs.every(({ status }) => status === 0) ? 0 : 1);

/** Runs vitest once. A run whose report cannot be read counts as a failure. */
function vitest(more, environment) {
  const folder = mkdtempSync(join(tmpdir(), "narrowcast-test-"));
  const report = join(folder, "report.json");
  const flags = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const { status } = spawnSync("node", ["node_modules/vitest/vitest.mjs", "run", ...flags, ...more], {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  try {
    const counts = JSON.parse(readFileSync(report, "utf8"));
    const { numPassedTests: passed, numPendingTests: skipped, numFailedTests, numFailedTestSuites } = counts;
    // A file that cannot be loaded has no tests to count; it is a failure all the same.
    const failed = numFailedTests === 0 && numFailedTestSuites > 0 ? numFailedTestSuites : numFailedTests;
    return { status, passed, failed, skipped };
  } catch (error) {
    process.stderr.write(`Cannot read the test report: ${String(error)}\n`);
    return { status: status ?? 1, passed: 0, failed: 1, skipped: 0 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
