/**
 * The state of a deployment on disk: `.narrowcast/` in the app's folder.
 *
 *   .narrowcast/store/       log and base
 *   .narrowcast/log.jsonl    what functions printed and how they failed, and log.jsonl.1 with what was before
 *   .narrowcast/admin-key    the secret behind the deployment's admin keys, mode 0600
 *   .narrowcast/server.json  address and process of the running server
 *
 * @module
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "./context.ts";

/** Where a running server listens. */
export interface RunningServer {
  readonly url: string;
  readonly siteUrl: string;
  readonly pid: number;
}

/** What is written down; numbers of processes are given out again, above all in containers. */
interface Note extends RunningServer {
  readonly started?: string | undefined;
}

/** Folder of the state of the app in `directory`; made if it is not there, and ignored by git. */
export function stateDirectory(directory: string): string {
  const state = join(directory, ".narrowcast");
  mkdirSync(state, { recursive: true });
  writeFileSync(join(state, ".gitignore"), "*\n");
  return state;
}

export function storeDirectory(directory: string): string {
  return join(stateDirectory(directory), "store");
}

/** Where the log is kept over restarts. */
export function logFile(directory: string): string {
  return join(stateDirectory(directory), "log.jsonl");
}

/** Notes the running server for the other commands. Returns what removes the note. */
export function announceServer(directory: string, server: RunningServer): () => void {
  const file = join(stateDirectory(directory), "server.json");
  const note: Note = { ...server, started: startOf(server.pid) };
  writeFileSync(file, `${JSON.stringify(note, null, 2)}\n`);
  return () => rmSync(file, { force: true });
}

/** The server that runs for the app in `directory`, or undefined. A note left by a killed process does not count. */
export function findServer(directory: string): RunningServer | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, ".narrowcast", "server.json"), "utf8");
  } catch {
    return undefined;
  }
  const { started, ...server } = JSON.parse(text) as Note;
  return isRunning(server.pid, started) ? server : undefined;
}

function isRunning(pid: number, started: string | undefined): boolean {
  if (started !== undefined) return startOf(pid) === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** When a process started, in the system's own ticks; undefined if it has ended (even if its parent has not noticed yet) or the system does not tell. */
function startOf(pid: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    return undefined;
  }
  // The second field is the command in brackets and may hold anything; the third is the state, the 22nd the start.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
}

/** The running server, or an error that says how to start one. */
export function requireServer(directory: string): RunningServer {
  const server = findServer(directory);
  if (server === undefined) {
    throw new CommandError(
      `Cannot reach the deployment of "${directory}": no server is running; start one with "narrowcast dev" or "narrowcast start"`,
    );
  }
  return server;
}
