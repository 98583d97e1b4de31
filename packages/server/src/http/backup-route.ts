/**
 * A backup of the running deployment into a folder of the server's machine, for its admins, who may run code there anyway.
 *
 * @module
 */
import { isAbsolute } from "node:path";
import type { BackupProgress } from "../protocol/deployment-types.ts";
import type { Route } from "./answer.ts";
import { requireAdmin } from "./identity.ts";
import { jsonBody } from "./json-body.ts";
import { RequestError } from "./request-error.ts";

/** Between two lines about progress, in milliseconds. */
const PROGRESS_MS = 200;

/** `POST {directory}` → a line of JSON each: how far it is, at last `{"done": true}` or `{"error": text}`. */
export const backupRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const { directory } = await jsonBody(request, world.limits);
  if (typeof directory !== "string" || !isAbsolute(directory)) {
    throw new RequestError(400, "BadRequest", "Invalid request: `directory` is not an absolute path");
  }
  const lines = new ProgressLines();
  world.deployment
    .backUp(directory, (progress) => lines.progress(progress))
    .then(
      () => lines.end({ done: true }),
      (error: unknown) => lines.end({ error: error instanceof Error ? error.message : String(error) }),
    );
  return { status: 200, headers: [["Content-Type", "application/x-ndjson"]], body: lines.read() };
};

/** Only the newest progress is told, now and then; the end always. */
class ProgressLines {
  #newest: BackupProgress | undefined;
  #last: object | undefined;
  #end: () => void = () => undefined;
  readonly #ended = new Promise<void>((resolve) => {
    this.#end = resolve;
  });

  progress(progress: BackupProgress): void {
    this.#newest = progress;
  }

  end(last: object): void {
    this.#last = last;
    this.#end();
  }

  async *read(): AsyncGenerator<Uint8Array> {
    while (this.#last === undefined) {
      await Promise.race([this.#ended, pause()]);
      if (this.#newest !== undefined) yield line(this.#newest);
      this.#newest = undefined;
    }
    yield line(this.#last);
  }
}

function line(value: object): Uint8Array {
  return Buffer.from(`${JSON.stringify(value)}\n`);
}

function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, PROGRESS_MS);
  });
}
