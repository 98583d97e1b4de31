/**
 * The talent network on the sheet.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { System } from "../../system.ts";
import { seedTalent, STATE } from "./data.ts";
import { EXCUSES } from "./excuses.ts";
import { lookUp, type Facts } from "./facts.ts";
import { SCENARIOS } from "./scenarios.ts";

/** Monday, 6:10 UTC: where a quarter of the people live it is past eight, and no cron is due for a while. */
const SEEDED_MS = Date.UTC(2026, 4, 4, 6, 10);

/** See the module comment. */
export const TALENT: System<Facts> = {
  name: "talent",
  convexDir: fileURLToPath(new URL("../../../../apps/talent/convex", import.meta.url)),
  states: [STATE],
  forms: ["before", "after", "fixed"],
  // Sockets have no identity here: functions take the viewer as an argument.
  environment: { DEMO: "1" },
  seededMs: SEEDED_MS,
  seed: async (world, _state, size) => await seedTalent(world, size, SEEDED_MS),
  facts: lookUp,
  scenarios: SCENARIOS,
  excuses: EXCUSES,
};
