/**
 * Copies of the app's functions with other timers.
 *
 * A deployment has one `crons.ts`. The polling orchestrator of the before form takes the place of the root's thirteen timers, and a measurement that plays
 * the timers itself wants none.
 */
import { cpSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const APP = join(import.meta.dirname, "..");

/** What `crons.ts` reads. */
export const CRONS = {
  /** The one line that `before/crons.ts` names. */
  before: 'export { default } from "./before/crons.ts";\n',
  none: 'import { cronJobs } from "convex/server";\nexport default cronJobs();\n',
} as const;

/** A folder of functions like the app's own, with that `crons.ts`. The caller removes its parent. */
export function copyWithCrons(crons: keyof typeof CRONS): string {
  const root = mkdtempSync(join(tmpdir(), `concerts-${crons}-`));
  const folder = join(root, "convex");
  cpSync(join(APP, "convex"), folder, { recursive: true });
  writeFileSync(join(folder, "crons.ts"), CRONS[crons]);
  symlinkSync(join(APP, "../../node_modules"), join(root, "node_modules"), "junction");
  return folder;
}
