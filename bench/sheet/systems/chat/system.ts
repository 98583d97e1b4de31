/**
 * The chat on the sheet.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { System } from "../../system.ts";
import { seedChat, STATE_NAMES } from "./data.ts";
import { EXCUSES } from "./excuses.ts";
import { lookUp, type Facts } from "./facts.ts";
import { SCENARIOS } from "./scenarios.ts";

const SEEDED_MS = Date.UTC(2026, 0, 15, 9);

/** See the module comment. */
export const CHAT: System<Facts> = {
  name: "chat",
  convexDir: fileURLToPath(new URL("../../../../apps/chat/convex", import.meta.url)),
  states: STATE_NAMES,
  forms: ["before", "after", "fixed"],
  seededMs: SEEDED_MS,
  seed: async (world, state, size) => await seedChat(world, state, size, SEEDED_MS),
  facts: lookUp,
  scenarios: SCENARIOS,
  excuses: EXCUSES,
};
