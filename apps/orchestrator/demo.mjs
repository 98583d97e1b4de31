/**
 * What `npm start` needs to know: the password, the demo data, and a runner that plays at working.
 *
 * @module
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const APP = import.meta.dirname;
const PASSWORD = "demo";
/** Jobs of the demo last long enough to watch; what is set already wins. */
const PACE = { DEMO_STEPS: "30", DEMO_STEP_MS: "1500" };

export const title = "Orchestrator";
export const environment = { ADMIN_PASSWORD: PASSWORD };
export const pageEnvironment = { VITE_DEMO_PASSWORD: PASSWORD };
export const seed = { path: "seed:demo", args: {} };
export const notes = [`password "${PASSWORD}"`];

/** Starts the runner with the demo's configuration and this deployment's address. */
export async function processes({ url, directory, start }) {
  const file = join(directory, ".narrowcast", "runner.json");
  const demo = JSON.parse(readFileSync(join(APP, "config.demo.json"), "utf8"));
  writeFileSync(file, JSON.stringify({ ...demo, convexUrl: url, password: PASSWORD }, null, 2));
  start("runner", "--import", ["tsx", join(APP, "runner/main.ts"), "--config", file], {
    ORCHESTRATOR_HOME: APP,
    ...PACE,
  });
}
