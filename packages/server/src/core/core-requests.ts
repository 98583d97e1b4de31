/**
 * Who answers which request to the core. Every message is a job of the core's serial queue.
 *
 * Not here: the queue and durability (`core.ts`), what each request does (`calls.ts`, `push.ts`, `file-requests.ts`, `scheduler.ts` …).
 *
 * @module
 */
import { StorageError } from "../engine/storage-error.ts";
import { reportOf } from "../meter/report.ts";
import { UserError } from "../tx/types.ts";
import type { Database } from "../tx/database.ts";
import type { Verifier } from "../reactive/verifier.ts";
import type { Clock } from "../protocol/alarms.ts";
import { WRITES } from "../protocol/core-protocol.ts";
import type { ActionTicket, CoreReplies, CoreRequest, FromCore } from "../protocol/core-protocol.ts";
import { unknownKind } from "../protocol/unknown-kind.ts";
import type { Calls } from "./calls.ts";
import type { CoreMeter } from "./core-meter.ts";
import type { CoreRole } from "./core-observers.ts";
import type { Crons } from "./crons.ts";
import type { DeployParts } from "./deploy-parts.ts";
import { changeEnvironment } from "./environment-change.ts";
import type { FileRequests } from "./file-requests.ts";
import { pushCode } from "./push.ts";
import { readSource } from "./stored-code.ts";
import type { Scheduler } from "./scheduler.ts";

/** What can be told of the core itself. */
export interface CoreFacts {
  readonly clock: Clock;
  readonly database: Pick<Database, "catalogue" | "engine">;
  readonly meter: CoreMeter | undefined;
  readonly verifier: Verifier | undefined;
}

/** Copies log and base into a folder, which is made; tells how many bytes are there. */
export type CopyStore = (directory: string, onProgress: (bytes: number) => void) => Promise<void>;

/** Who answers. */
export interface RequestParts {
  readonly role: CoreRole;
  readonly calls: Calls;
  readonly deploy: DeployParts;
  readonly files: FileRequests;
  readonly scheduler: Scheduler;
  readonly crons: Crons;
  readonly facts: CoreFacts;
  readonly copyStore: CopyStore | undefined;
  readonly say: (message: FromCore) => void;
}

/** The reply's value; undefined when the answer comes later. */
type Answer = CoreReplies[keyof CoreReplies] | undefined;

/** See the module comment. */
export class CoreRequests {
  readonly #parts: RequestParts;

  constructor(parts: RequestParts) {
    this.#parts = parts;
  }

  /** Does what `message` asks. Failures of a request are its answer; they never end the core. */
  async handle(message: CoreRequest): Promise<void> {
    const { id } = message;
    const { say } = this.#parts;
    try {
      const value = await this.#answer(message);
      if (value !== undefined) say({ type: "reply", id, value });
    } catch (error) {
      const storageCode = error instanceof StorageError ? error.code : undefined;
      say({ type: "refused", id, message: error instanceof Error ? error.message : String(error), storageCode });
      if (!(error instanceof UserError) && storageCode === undefined)
        console.error("Cannot answer a request of type", message.type, error);
    }
  }

  #answer(message: CoreRequest): Answer | Promise<Answer> {
    const { calls, deploy, files, scheduler, facts } = this.#parts;
    this.#checkRole(message);
    switch (message.type) {
      case "query":
        return message.atTs === undefined ? calls.query(message.call) : calls.queryAt(message.call, message.atTs);
      case "queryBatch":
        return calls.queryBatch(message.calls);
      case "mutation":
        return calls.mutation(message);
      case "head":
        return message.isPinned === true ? calls.pin() : deploy.commits.head;
      case "obstacle":
        return facts.database.engine.obstacle?.message ?? null;
      case "push":
        pushCode(deploy, message.id, message.code, message.until);
        return undefined;
      case "readModules":
        return deploy.commits.read((tx) => message.hashes.map((hash) => readSource(tx, hash)));
      case "environment":
        return deploy.state.variables;
      case "setEnvironment":
        changeEnvironment(deploy, message.id, message.changes);
        return undefined;
      case "schedule":
        return scheduler.schedule(message);
      case "cancelScheduled":
        scheduler.cancel(message.jobId);
        return null;
      case "tables":
        return [...facts.database.catalogue.tables()].map(({ number, name }) => [number, name] as const);
      case "backup":
        this.#backUp(message);
        return undefined;
      case "storage":
      case "findFile":
      case "checkUpload":
      case "commitFile":
      case "looseFiles":
        return files.answer(message);
      case "ledger":
        return this.#ledger(message.options);
      case "actionDone":
        this.#actionDone(message.ticket, message.error);
        return null;
      default:
        return unknownKind("a request", message);
    }
  }

  /** @throws {UserError} When the request is none for this core. */
  #checkRole(message: CoreRequest): void {
    if (this.#parts.role === "writer") return;
    const isWrite = WRITES[message.type] || (message.type === "storage" && message.method === "delete");
    if (!isWrite) return;
    const what = `this core follows another one; "${message.type}" should be sent to the one that writes`;
    throw new UserError("ReadOnlyFollower", `Cannot change the deployment: ${what}`);
  }

  /** Goes on beside the queue: the answer comes when the copy is made. */
  #backUp({ id, directory }: Extract<CoreRequest, { type: "backup" }>): void {
    const { copyStore, deploy } = this.#parts;
    if (copyStore === undefined) {
      throw new UserError("NoStore", "Cannot back up the deployment: it is in memory only; it should have a folder");
    }
    const say = (message: FromCore): void => deploy.enqueue(() => deploy.say(message));
    copyStore(directory, (bytes) => say({ type: "progress", id, message: String(bytes) })).then(
      () => say({ type: "reply", id, value: null }),
      (error: unknown) => say({ type: "refused", id, message: error instanceof Error ? error.message : String(error) }),
    );
  }

  #ledger(options: Extract<CoreRequest, { type: "ledger" }>["options"]): CoreReplies["ledger"] {
    const { meter, verifier, clock } = this.#parts.facts;
    return meter === undefined ? null : reportOf(meter.ledger, clock.nowMs(), options, verifier?.counters);
  }

  #actionDone({ kind, key }: ActionTicket, error: string | null): void {
    switch (kind) {
      case "job":
        return this.#parts.scheduler.actionDone(key, error);
      case "cron":
        return this.#parts.crons.actionDone(key, error);
    }
  }
}
