/**
 * What the reader and the writer of one transaction share.
 *
 * @module
 */
import type { Doc, Limits } from "@narrowcast/values";
import type { Engine } from "../engine/types.ts";
import type { Catalogue, Namespace } from "./catalogue.ts";
import type { CreationClock } from "./creation-clock.ts";
import type { DatabaseState } from "./database-state.ts";
import type { DocumentAccesses } from "./document-access.ts";
import type { ReadNodes } from "./read-nodes.ts";
import type { ReadSet } from "./read-set.ts";
import type { ActiveSchema } from "./schema.ts";
import type { Mechanisms } from "./types.ts";
import type { UsageMeter } from "./usage.ts";
import type { WriteLog } from "./write-log.ts";

/** Randomness from outside. */
export interface Random {
  bytes(count: number): Uint8Array;
}

export interface TransactionContext {
  readonly engine: Engine<Doc>;
  readonly catalogue: Catalogue;
  readonly state: DatabaseState;
  /** What the component that the transaction works for has. */
  readonly namespace: Namespace;
  readonly limits: Limits;
  readonly random: Random;
  readonly reads: ReadSet;
  readonly mechanisms: Mechanisms;
  /** How user code is given documents; as private copies if left out. */
  readonly documentAccesses: DocumentAccesses | undefined;
  /** Answers reads that were made before; without it every read goes to the engine. */
  readonly nodes: ReadNodes | undefined;
  /** Whether a read that has no node yet makes one; else only nodes that exist already answer. */
  readonly makesNodes: boolean;
  readonly meter: UsageMeter;
  readonly log: WriteLog;
  readonly clock: CreationClock;
  /** The schema that writes to a component's tables must obey now. */
  readonly schemaOf: (component: string) => ActiveSchema | undefined;
}
