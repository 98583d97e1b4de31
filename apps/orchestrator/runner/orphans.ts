/**
 * What the runner has started, one file a job, so that its next start knows what its last end left behind.
 *
 * A file is written before the job is claimed and removed after it is finished. A file found at start therefore names a
 * job that may count as running with nobody to finish it. Its process may also still live; it is ended only if it
 * provably is the same one (process ids are used again), which Linux tells by the process's start time.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { killGroup } from "./harness.ts";

/** A started job. */
export interface StartedJob {
  readonly kind: "job" | "chat";
  readonly id: string;
  readonly pid?: number;
  /** The process's start time in the kernel's words; absent where the system does not tell. */
  readonly processStart?: string;
}

/** The files of one runner. */
export class StartedJobs {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Notes a job, with its process once it is known. */
  async note(kind: StartedJob["kind"], id: string, pid?: number): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const processStart = pid === undefined ? undefined : await processStartTime(pid);
    const entry: StartedJob = {
      kind,
      id,
      ...(pid === undefined ? {} : { pid }),
      ...(processStart && { processStart }),
    };
    const path = this.#path(id);
    await writeFile(`${path}.tmp`, JSON.stringify(entry));
    await rename(`${path}.tmp`, path);
  }

  /** Forgets a finished job. */
  async forget(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /** What an earlier runner left. A file that cannot be read is removed. */
  async leftBehind(): Promise<StartedJob[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const found: StartedJob[] = [];
    for (const name of names.filter((each) => each.endsWith(".job.json"))) {
      const path = join(this.#folder, name);
      const entry = parse(await readFile(path, "utf8"));
      if (entry === undefined) await rm(path, { force: true });
      else found.push(entry);
    }
    return found;
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.job.json`);
  }
}

/** Ends the process group of a job that was left behind, if it is still the same process. */
export async function endLeftProcess({ pid, processStart }: StartedJob): Promise<boolean> {
  if (pid === undefined || processStart === undefined) return false;
  if ((await processStartTime(pid)) !== processStart) return false;
  killGroup(pid, "SIGKILL");
  return true;
}

/** Field 22 of /proc/<pid>/stat; the command's name in field 2 may hold anything, so counting begins behind it. */
async function processStartTime(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

function parse(text: string): StartedJob | undefined {
  try {
    const value = JSON.parse(text) as StartedJob;
    return (value.kind === "job" || value.kind === "chat") && typeof value.id === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
