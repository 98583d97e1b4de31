import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { DiskEngine } from "./disk-engine.ts";
import type { DiskEngineOptions } from "./disk-engine.ts";
import { engineContract } from "./engine.contract.ts";
import { openLog } from "./log.ts";
import { MemoryEngine } from "./memory-engine.ts";
import type { Subject } from "./testing/engine-history.ts";
import { testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";
import type { Log } from "./log-types.ts";
import type { Engine } from "./types.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-engine-"));
let stores = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

type Tuning = Partial<DiskEngineOptions<TestRow>>;

/** Gives engines on directories of their own. Segments are small, so that preallocating them costs little. */
function opener(tuning: Tuning, follow: () => Engine<TestRow>): () => Promise<Subject> {
  return async () => {
    const options = { ...newOptions(), ...tuning };
    let { engine, log } = openWithLog(options);
    return {
      engine,
      checkpoint: () => engine.checkpoint(),
      reopen: async () => {
        await engine.close();
        ({ engine, log } = openWithLog(options));
        return engine;
      },
      follower: { engine: follow(), log: () => log },
    };
  };
}

function newOptions(): DiskEngineOptions<TestRow> {
  stores += 1;
  return { directory: join(root, String(stores)), codec: testCodec, segmentBytes: 64 * 1024 };
}

function openWithLog(options: DiskEngineOptions<TestRow>): { engine: DiskEngine<TestRow>; log: Log } {
  const directory = join(options.directory, "log");
  mkdirSync(directory, { recursive: true });
  const log = openLog({ directory, segmentBytes: options.segmentBytes });
  return { engine: new DiskEngine<TestRow>(options, log), log };
}

const inMemory = (): Engine<TestRow> => new MemoryEngine<TestRow>({ codec: testCodec });
const onDisk = (): Engine<TestRow> => openWithLog(newOptions()).engine;

engineContract("DiskEngine, resident, checkpoints on demand", opener({ checkpointDelayMs: Infinity }, onDisk), 12);
engineContract(
  "DiskEngine, paged only, eager checkpoints",
  opener({ memoryBytes: 0, checkpointBytes: 1 }, inMemory),
  12,
);
engineContract(
  "DiskEngine, small budget: collections come and go",
  opener({ memoryBytes: 8_000, checkpointBytes: 1 }, onDisk),
  12,
);
