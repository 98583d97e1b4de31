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
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { CommandError } from "./context.ts";
import { replaceFile } from "./replace-file.ts";

/** Data, keys and logs are the owner's. */
const FOLDER_MODE = 0o700;

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
  mkdirSync(state, { recursive: true, mode: FOLDER_MODE });
  // A folder of an earlier release may be open to others; one of another owner is left as that owner wants it.
  const { mode, uid } = statSync(state);
  if ((mode & 0o077) !== 0 && uid === process.getuid?.()) chmodSync(state, FOLDER_MODE);
  const ignored = join(state, ".gitignore");
  if (!existsSync(ignored)) replaceFile(ignored, "*\n");
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
  replaceFile(file, `${JSON.stringify(note, null, 2)}\n`);
  return () => rmSync(file, { force: true });
}

/** The server that runs for the app in `directory`, or undefined. A note left by a killed process does not count. */
export function findServer(directory: string): RunningServer | undefined {
  const file = join(directory, ".narrowcast", "server.json");
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
  const { started, ...server } = parseNote(file, text);
  return isRunning(server.pid, started) ? server : undefined;
}

function parseNote(file: string, text: string): Note {
  let note: unknown;
  try {
    note = JSON.parse(text);
  } catch {
    note = undefined;
  }
  const { url, siteUrl, pid } = (note ?? {}) as Partial<Note>;
  if (typeof url === "string" && typeof siteUrl === "string" && typeof pid === "number") return note as Note;
  throw new CommandError(
    `Cannot read "${file}": it is not whole; it should name the running server. Stop that server, if there is one, delete the file and start again`,
  );
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
