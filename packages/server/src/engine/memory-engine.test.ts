import { engineContract } from "./engine.contract.ts";
import { MemoryEngine } from "./memory-engine.ts";
import { ModelEngine } from "./testing/model-engine.ts";

engineContract("MemoryEngine", async () => ({ engine: new MemoryEngine() }), 150);
engineContract("ModelEngine", async () => ({ engine: new ModelEngine() }), 2);
