/**
 * Type-checks every app with its own settings, and its functions with those that `npx convex dev` uses.
 *
 * @module
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT, run } from "./install.mjs";

const APPS = join(ROOT, "apps");

for (const name of readdirSync(APPS)) {
  for (const project of ["tsconfig.json", "convex/tsconfig.json"]) {
    const file = join(APPS, name, project);
    if (existsSync(file)) run("node", ["node_modules/typescript/bin/tsc", "-p", file]);
  }
}
