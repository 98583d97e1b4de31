/**
 * The concert site on the sheet. *after* is the form that runs: the hand-optimised one, made right.
 *
 * A deployment has one set of timers and the forms differ in theirs, so the sheet pushes a copy of the functions without any and plays the timers itself
 * (`timers.ts`).
 *
 * @module
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { copyWithCrons } from "../../../../apps/concerts/testing/folder.ts";
import type { System } from "../../system.ts";
import { EXCUSES } from "./excuses.ts";
import { lookUp, type Facts } from "./facts.ts";
import { SCENARIOS } from "./scenarios.ts";

const SEEDED_MS = Date.UTC(2026, 0, 15, 9);
const SEED = 1;
/** Of the full data, and of the smallest that has everything: two casts, ten artists with songs. */
const SCALE = { full: 1, quick: 0.1 } as const;
/** Nobody listens there: services outside are only asked in the chain reaction, which brings its own. */
const NOWHERE = "http://127.0.0.1:9";

let copy: string | undefined;

/** See the module comment. */
export const CONCERTS: System<Facts> = {
  name: "concerts",
  get convexDir() {
    if (copy === undefined) {
      const folder = copyWithCrons("none");
      process.once("exit", () => rmSync(join(folder, ".."), { recursive: true, force: true }));
      copy = folder;
    }
    return copy;
  },
  states: ["full"],
  forms: ["before", "after"],
  environment: { ADMIN_KEY: "sheet", SERVICES_URL: NOWHERE, SETLIST_PAUSE_MS: "0" },
  seededMs: SEEDED_MS,
  seed: async ({ app }, _state, { isQuick }) => {
    const scale = isQuick ? SCALE.quick : SCALE.full;
    const { steps } = (await app.query("seed:plan", { scale })) as { steps: number };
    for (let number = 0; number < steps; number++) {
      await app.mutation("seed:step", { scale, seed: SEED, now: SEEDED_MS, number });
    }
    await app.mutation("trending:updateArtistTrending", { by: "operator" });
    await app.mutation("trending:updateShowTrending", { by: "operator" });
    await app.mutation("maintenance:rewriteTrending", { shows: [], artists: [] });
  },
  facts: lookUp,
  scenarios: SCENARIOS,
  excuses: EXCUSES,
};
