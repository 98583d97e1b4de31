/**
 * The orchestrator on the sheet.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { SEED_STEPS } from "../../../../apps/orchestrator/convex/model/seedPlan.ts";
import type { System } from "../../system.ts";
import { EXCUSES } from "./excuses.ts";
import { lookUp, PASSWORD, type Facts } from "./facts.ts";
import { SCENARIOS } from "./scenarios.ts";

const SEED = 1;
const SEEDED_MS = Date.UTC(2026, 0, 15, 9);

/** See the module comment. */
export const ORCHESTRATOR: System<Facts> = {
  name: "orchestrator",
  convexDir: fileURLToPath(new URL("../../../../apps/orchestrator/convex", import.meta.url)),
  states: ["typical", "worst"],
  forms: ["before", "after"],
  environment: { ADMIN_PASSWORD: PASSWORD },
  seededMs: SEEDED_MS,
  seed: async (world, state) => {
    for (let number = 0; number < SEED_STEPS; number++) {
      await world.app.mutation("seed:step", { state, seed: SEED, now: SEEDED_MS, number });
    }
  },
  facts: lookUp,
  scenarios: SCENARIOS,
  excuses: EXCUSES,
};
