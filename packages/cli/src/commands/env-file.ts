/**
 * Keeps `.env.local` of an app in step with the running deployment, as `npx convex dev` does: the address that the app's
 * build reads, and the address and key with which the official CLI reaches this server.
 *
 * @module
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CommandContext } from "./context.ts";
import { replaceFile } from "./replace-file.ts";

/** Frameworks whose builds show only variables with a prefix, by the package that gives them away. */
const PREFIXES: readonly (readonly [dependency: string, prefix: string])[] = [
  ["next", "NEXT_PUBLIC_"],
  ["vite", "VITE_"],
  ["expo", "EXPO_PUBLIC_"],
  ["react-scripts", "REACT_APP_"],
  ["@sveltejs/kit", "PUBLIC_"],
  ["astro", "PUBLIC_"],
];

export interface EnvFileValues {
  /** Where commands on this machine reach the server, whatever stands in front of it. */
  readonly url: string;
  /** What browsers call the deployment: a page is built with it. */
  readonly cloudUrl: string;
  /** What browsers call the HTTP actions. */
  readonly siteUrl: string;
  readonly adminKey: string;
}

/** Writes the addresses of a server that runs, and says so. A folder that takes no file is no reason to serve nothing: it is said, too. */
export function writeAddresses({ directory, stdout, stderr }: CommandContext, values: EnvFileValues): void {
  try {
    if (updateEnvFile(directory, values)) stdout.write("  wrote the addresses to .env.local\n");
  } catch (error) {
    if (typeof (error as NodeJS.ErrnoException).code !== "string") throw error;
    const { message } = error as Error;
    stderr.write(`Cannot write the addresses to .env.local: ${message}; a build does not see them\n`);
  }
}

/** Adds or replaces our lines, leaves all others; writes only on a change. Returns whether it wrote. */
export function updateEnvFile(directory: string, values: EnvFileValues): boolean {
  const file = join(directory, ".env.local");
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const prefix = prefixOf(directory);
  const after = withVariables(before, {
    CONVEX_SELF_HOSTED_URL: values.url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: `'${values.adminKey}'`,
    [`${prefix}CONVEX_URL`]: values.cloudUrl,
    [`${prefix}CONVEX_SITE_URL`]: values.siteUrl,
  });
  if (after === before) return false;
  replaceFile(file, after);
  return true;
}

/** Sets variables in the text of an env file. Exported for the table test. */
export function withVariables(text: string, variables: { readonly [name: string]: string }): string {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  for (const [name, value] of Object.entries(variables)) {
    const at = lines.findIndex((line) => line.startsWith(`${name}=`));
    if (at === -1) lines.push(`${name}=${value}`);
    else lines[at] = `${name}=${value}`;
  }
  return `${lines.join("\n")}\n`;
}

function prefixOf(directory: string): string {
  const file = join(directory, "package.json");
  if (!existsSync(file)) return "";
  const json = JSON.parse(readFileSync(file, "utf8")) as { dependencies?: object; devDependencies?: object };
  const names = Object.keys({ ...json.dependencies, ...json.devDependencies });
  return PREFIXES.find(([dependency]) => names.includes(dependency))?.[1] ?? "";
}
