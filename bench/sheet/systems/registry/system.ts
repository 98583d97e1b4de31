/**
 * The skill registry on the sheet.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { System } from "../../system.ts";
import { seedRegistry, STATE_NAMES } from "./data.ts";
import { EXCUSES } from "./excuses.ts";
import { lookUp, type Facts } from "./facts.ts";
import { SCENARIOS } from "./scenarios.ts";

/** In the middle of a day: the statistics of "today" are those that were written last. */
const SEEDED_MS = Date.UTC(2026, 2, 5, 12, 20);

/** See the module comment. */
export const REGISTRY: System<Facts> = {
  name: "registry",
  convexDir: fileURLToPath(new URL("../../../../apps/registry/convex", import.meta.url)),
  states: STATE_NAMES,
  forms: ["before", "after"],
  seededMs: SEEDED_MS,
  seed: async (world, state, size) => await seedRegistry(world, state, size, SEEDED_MS),
  facts: lookUp,
  scenarios: SCENARIOS,
  excuses: EXCUSES,
};
