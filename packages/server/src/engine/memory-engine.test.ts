import { engineContract } from "./engine.contract.ts";
import { MemoryEngine } from "./memory-engine.ts";
import { MemoryLog } from "./memory-log.ts";
import type { TestRow } from "./testing/test-rows.ts";
import { testCodec } from "./testing/test-rows.ts";

engineContract("MemoryEngine", async () => ({ engine: new MemoryEngine() }), 150);
engineContract(
  "MemoryEngine with a log",
  async () => {
    let log = new MemoryLog();
    const codec = testCodec;
    const open = () => new MemoryEngine<TestRow>({ codec, log });
    let engine = open();
    return {
      engine,
      reopen: async () => {
        await engine.close();
        log = new MemoryLog(log.durableRecords);
        engine = open();
        return engine;
      },
      follower: { engine: new MemoryEngine<TestRow>({ codec }), log: () => log },
    };
  },
  150,
);
