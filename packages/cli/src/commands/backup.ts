/**
 * `narrowcast backup <folder>`: copies the deployment into a new folder, while a server runs or none; `narrowcast --dir <folder> start` restores it.
 *
 * A running server copies its own store, because only it knows what is whole; without one the store is opened here.
 *
 * @module
 */
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { AdminKeys, backUpStopped, type BackupProgress } from "@narrowcast/server";
import { Progress } from "../terminal/progress.ts";
import { CommandError, type CommandContext } from "./context.ts";
import { ServerClient } from "./server-client.ts";
import { findServer, stateDirectory, type RunningServer } from "./state-directory.ts";

const MEBIBYTE = 1024 * 1024;

/** @param cwd What `folder` is relative to. */
export async function backupCommand(context: CommandContext, cwd: string, folder: string): Promise<number> {
  const target = resolve(cwd, folder);
  if (existsSync(join(target, ".narrowcast"))) {
    throw new CommandError(`Cannot back up into "${target}": there is a deployment in it already; name a new folder`);
  }
  if (!existsSync(join(context.directory, ".narrowcast", "store"))) {
    throw new CommandError(`Cannot back up "${context.directory}": there is no store here`);
  }
  const state = stateDirectory(context.directory);
  const server = findServer(context.directory);
  mkdirSync(target, { recursive: true });
  const copy = join(stateDirectory(target), "store");
  const progress = new Progress(context.stderr);
  const tell = (now: BackupProgress): void => progress.update(progressText(now));
  try {
    if (server === undefined) await stopped(join(state, "store"), copy, tell);
    else await running(server, AdminKeys.open(state).issue(), copy, tell);
  } finally {
    progress.done();
  }
  const key = join(state, "admin-key");
  if (existsSync(key)) copyFileSync(key, join(target, ".narrowcast", "admin-key"));
  context.stdout.write(`Backup in ${target}; "narrowcast --dir ${target} start" serves it\n`);
  return 0;
}

function progressText({ part, bytes, files, filesAll }: BackupProgress): string {
  const size = `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
  return part === "data" ? `Copying data: ${size}` : `Copying files: ${files} of ${filesAll}, ${size}`;
}

async function stopped(store: string, copy: string, tell: (progress: BackupProgress) => void): Promise<void> {
  await backUpStopped(store, copy, tell).catch((cause: unknown) => {
    throw new CommandError(cause instanceof Error ? cause.message : String(cause), { cause });
  });
}

async function running(
  { url }: RunningServer,
  adminKey: string,
  copy: string,
  tell: (progress: BackupProgress) => void,
): Promise<void> {
  const client = new ServerClient(url, adminKey);
  for await (const line of client.lines("/api/narrowcast/backup", { directory: copy })) {
    const told = line as BackupProgress | { readonly done: true } | { readonly error: string };
    if ("error" in told) throw new CommandError(told.error);
    if ("done" in told) return;
    tell(told);
  }
  throw new CommandError(`Cannot back up: the server stopped before the backup was whole; try again with a new folder`);
}
