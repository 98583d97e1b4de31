import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { DiskEngine } from "./disk-engine.ts";
import type { DiskEngineOptions } from "./disk-engine.ts";
import { engineContract } from "./engine.contract.ts";
import type { Subject } from "./testing/engine-history.ts";
import { testCodec } from "./testing/test-rows.ts";
import type { TestRow } from "./testing/test-rows.ts";

const root = mkdtempSync(join(tmpdir(), "narrowcast-engine-"));
let stores = 0;

afterAll(() => rmSync(root, { recursive: true, force: true }));

type Tuning = Partial<DiskEngineOptions<TestRow>>;

/** Gives engines on directories of their own. Segments are small, so that preallocating them costs little. */
function opener(tuning: Tuning): () => Promise<Subject> {
  return async () => {
    stores += 1;
    const directory = join(root, String(stores));
    const options = { directory, codec: testCodec, segmentBytes: 64 * 1024, ...tuning };
    let engine = new DiskEngine<TestRow>(options);
    const subject: Subject = {
      engine,
      checkpoint: () => engine.checkpoint(),
      reopen: async () => {
        await engine.close();
        engine = new DiskEngine<TestRow>(options);
        return engine;
      },
    };
    return subject;
  };
}

engineContract("DiskEngine, resident, checkpoints on demand", opener({ checkpointDelayMs: Infinity }), 12);
engineContract("DiskEngine, paged only, eager checkpoints", opener({ memoryBytes: 0, checkpointBytes: 1 }), 12);
engineContract(
  "DiskEngine, small budget: collections come and go",
  opener({ memoryBytes: 8_000, checkpointBytes: 1 }),
  12,
);
