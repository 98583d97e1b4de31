/**
 * Files of mutations: their bytes are written and read in the core's thread.
 *
 * Invariant: bytes that a mutation put and whose row did not come to be are removed after it.
 *
 * @module
 */
import { newInternalId, type Limits } from "@narrowcast/values";
import type { FileStore } from "../engine/file-store.ts";
import type { Transaction } from "../tx/types.ts";
import type { Clock } from "../protocol/alarms.ts";
import type { FileAddresses } from "../functions/file-addresses.ts";
import { fileNameOf } from "../functions/file-addresses.ts";
import { readWhole, type ByteFacts } from "../engine/file-bytes.ts";
import { STORAGE_TABLE } from "../functions/file-rows.ts";
import type { RunFiles } from "../functions/execute-types.ts";
import type { Reads } from "./commits.ts";
import type { CoreMeter } from "./core-meter.ts";
import type { DeploymentState } from "./deployment-state.ts";
import type { Job } from "./serial-queue.ts";

/** What files of mutations need of the core. */
export interface RunFilesParts {
  readonly store: FileStore;
  readonly state: Pick<DeploymentState, "addresses">;
  readonly reads: Reads;
  readonly clock: Clock;
  readonly random: { bytes(count: number): Uint8Array };
  readonly limits: Limits;
  readonly meter: CoreMeter | undefined;
  readonly enqueue: (job: Job) => void;
}

/** See the module comment. */
export class MutationFiles implements RunFiles {
  readonly #parts: RunFilesParts;

  constructor(parts: RunFilesParts) {
    this.#parts = parts;
  }

  get addresses(): FileAddresses {
    return this.#parts.state.addresses;
  }

  async put(bytes: Uint8Array, sha256: Uint8Array | undefined): ReturnType<RunFiles["put"]> {
    const { store, random, clock, limits, meter, enqueue } = this.#parts;
    const name = Buffer.from(newInternalId(random.bytes(14), clock.nowMs())).toString("hex");
    try {
      const facts = await store.put(name, [bytes], { bytesMax: limits.fileBytesMax, sha256 });
      meter?.filesMoved({ stored: 1, bytesIn: facts.size });
      return { name, size: facts.size, sha256: facts.sha256.toString("base64") };
    } finally {
      // Comes after the mutation that is under way.
      enqueue(() => this.#removeIfLoose(name));
    }
  }

  async read(id: string, facts: ByteFacts): Promise<Uint8Array> {
    const name = fileNameOf(id);
    const file = await this.#parts.store.open(name);
    if (file === undefined) throw new Error(`Cannot read file "${name}": its bytes are missing`);
    this.#parts.meter?.filesMoved({ reads: 1, bytesOut: file.size });
    return readWhole(file, name, facts);
  }

  async #removeIfLoose(name: string): Promise<void> {
    if (this.#parts.reads.read((tx) => hasFile(tx, name))) return;
    try {
      await this.#parts.store.delete(name);
    } catch (error) {
      // The next sweep tries again; a disk that fails is no reason to end the core.
      console.error("Cannot remove file", name, error);
    }
  }
}

/** Whether a row names these bytes. */
export function hasFile(tx: Transaction, name: string): boolean {
  return tx.system.getAt(STORAGE_TABLE, Buffer.from(name, "hex")) !== null;
}
