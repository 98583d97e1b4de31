/**
 * What main asks about files: rows, addresses, tokens. Bytes are main's (`file-host.ts`), but for the files of mutations (`run-files.ts`).
 *
 *   commit that deletes a row ──durable──▶ `filesDeleted` ──▶ main removes the bytes
 *
 * Invariant: main hears of a deletion only when it is durable, as of everything (`durable-outbox.ts`).
 *
 * @module
 */
import type { Limits } from "@narrowcast/values";
import type { Transaction } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { CoreReplies, FileRequest, StoredFile } from "../protocol/core-protocol.ts";
import { unknownKind } from "../protocol/unknown-kind.ts";
import { fileNameOf, uploadUrl } from "../functions/file-addresses.ts";
import {
  deleteFile,
  factsOf,
  fileMetadata,
  fileUrl,
  findFile,
  insertFile,
  type FileScope,
} from "../functions/file-rows.ts";
import type { Commits } from "./commits.ts";
import type { DeploymentState } from "./deployment-state.ts";
import { hasFile } from "./run-files.ts";
import { findOutcome, recordOutcome } from "./sessions.ts";

const SOURCE = "_system/storage";

/** What requests about files need of the core. */
export interface FileRequestParts {
  readonly state: Pick<DeploymentState, "addresses" | "urls">;
  readonly commits: Commits;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** See the module comment. */
export class FileRequests {
  readonly #parts: FileRequestParts;

  constructor(parts: FileRequestParts) {
    this.#parts = parts;
  }

  answer(message: FileRequest): CoreReplies[FileRequest["type"]] {
    const { commits, state, clock } = this.#parts;
    switch (message.type) {
      case "storage":
        return this.#call(message);
      case "findFile":
        return commits.read((tx) => this.#find(tx, message.storageId, message.byAddress));
      case "checkUpload":
        return state.addresses.checkToken(message.token, clock.nowMs());
      case "commitFile":
        return this.#once(message, (tx) => insertFile(tx, message.name, message.facts));
      case "looseFiles":
        return commits.read((tx) => message.names.filter((name) => !hasFile(tx, name)));
      default:
        return unknownKind("a request about files", message);
    }
  }

  #call(message: Extract<FileRequest, { type: "storage" }>): string {
    const { commits, state, clock, limits } = this.#parts;
    const { addresses } = state;
    const { cloudUrl } = state.urls;
    const read = (work: (scope: FileScope) => unknown): string =>
      JSON.stringify(commits.read((tx) => work({ tx, addresses })));
    switch (message.method) {
      case "getUrl":
        return read((scope) => fileUrl(scope, message.storageId, cloudUrl));
      case "getMetadata":
        return read((scope) => fileMetadata(scope, message.storageId));
      case "generateUploadUrl":
        return JSON.stringify(
          uploadUrl(cloudUrl, addresses.tokenUntil(Math.floor(clock.nowMs()) + limits.uploadUrlMs)),
        );
      case "delete":
        return this.#once(message, (tx) => {
          deleteFile({ tx, addresses }, message.storageId);
          return "null";
        });
      default:
        return unknownKind("a method of storage", message.method);
    }
  }

  /** Does `work` in a transaction that a second message with the same key does not repeat. */
  #once(
    { dedupe }: Pick<Extract<FileRequest, { type: "commitFile" }>, "dedupe">,
    work: (tx: Transaction) => string,
  ): string {
    const { commits } = this.#parts;
    return commits.write(SOURCE, (tx) => {
      const earlier = findOutcome(tx, dedupe);
      if (earlier !== undefined) return earlier.value;
      const value = work(tx);
      recordOutcome(tx, dedupe, { value, logLines: [], ts: commits.promiseTs(tx) });
      return value;
    });
  }

  #find(tx: Transaction, storageId: string, byAddress: boolean): StoredFile | null {
    const { addresses } = this.#parts.state;
    // A URL holds the secret name; who has only the id must not get the bytes.
    if (byAddress && addresses.internalOf(storageId) === undefined) return null;
    const row = findFile({ tx, addresses }, storageId, "get");
    return row === null ? null : { name: fileNameOf(row._id), ...factsOf(row) };
  }
}
