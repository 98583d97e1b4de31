/**
 * Installs what the peers need, on demand: `npm run bench -- --peers`. Nothing else of the repository pays for it.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { postgresPrograms } from "./postgres-server.ts";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));

/** Whether `better-sqlite3` is there with its compiled part. */
export function hasSqlite(): boolean {
  return existsSync(`${FOLDER}node_modules/better-sqlite3/build/Release/better_sqlite3.node`);
}

/** Folder of PostgreSQL's programs, if both they and `pg` are there. */
export function postgresOrUndefined(): string | undefined {
  return existsSync(`${FOLDER}node_modules/pg/package.json`) ? postgresPrograms() : undefined;
}

/** Installs both; what fails is reported by the rows that miss it. */
export function installPeers(): void {
  if (!hasSqlite() || !existsSync(`${FOLDER}node_modules/pg/package.json`)) {
    const flags = ["--no-audit", "--no-fund", "--no-package-lock", "--workspaces=false", "--loglevel=error"];
    run("npm", ["install", "--prefix", FOLDER, ...flags]);
  }
  if (postgresPrograms() === undefined && process.getuid?.() === 0) {
    run("apt-get", ["update", "-q"]);
    run("apt-get", ["install", "-y", "-q", "--no-install-recommends", "postgresql"]);
  }
}

function run(command: string, args: readonly string[]): void {
  process.stdout.write(`${[command, ...args].join(" ")}\n`);
  spawnSync(command, args, {
    cwd: FOLDER,
    stdio: "inherit",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}
