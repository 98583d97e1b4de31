/**
 * Installs the packages when they are missing or older than the lockfile, so that a fresh clone needs one command.
 * Plain JavaScript without dependencies: it runs before there are any.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(import.meta.dirname, "..");

/** Runs a command in the repository and ends the process when it fails. */
export function run(command, args, options = {}) {
  const { status, error } = spawnSync(command, args, { cwd: ROOT, stdio: "inherit", ...options });
  if (error !== undefined || status !== 0) {
    process.stderr.write(`Cannot go on: "${[command, ...args].join(" ")}" failed\n`);
    process.exit(status ?? 1);
  }
}

/** `npm install`, not `npm ci`: see CONTRIBUTING.md. */
export function ensureInstalled() {
  const installed = join(ROOT, "node_modules", ".package-lock.json");
  const lockfile = join(ROOT, "package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lockfile).mtimeMs) return;
  process.stdout.write("Installing packages…\n");
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** Compiles the libraries; worker threads run from the compiled files. */
export function ensureBuilt() {
  run("node", ["node_modules/typescript/bin/tsc", "-b", "tsconfig.build.json"]);
}
