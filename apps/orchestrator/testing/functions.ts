/**
 * The public functions of the app, read from its modules.
 */

/** One registered function. */
export interface PublicFunction {
  readonly path: string;
  readonly kind: "query" | "mutation";
  /** Names of its required arguments. */
  readonly args: readonly string[];
}

/** What `query()` and `mutation()` of `convex/server` make. */
interface Registered {
  readonly isQuery?: boolean;
  readonly isMutation?: boolean;
  readonly isPublic?: boolean;
  exportArgs(): string;
}

const modules = import.meta.glob<Record<string, unknown>>(["../convex/*.ts", "../convex/before/*.ts", "!**/schema.ts"]);

/** All public queries and mutations, with paths like `before/jobs:list`. */
export async function publicFunctions(): Promise<PublicFunction[]> {
  const found: PublicFunction[] = [];
  for (const [file, load] of Object.entries(modules)) {
    const module = file.replace("../convex/", "").replace(/\.ts$/u, "");
    for (const [name, value] of Object.entries(await load())) {
      if (!isRegistered(value) || value.isPublic !== true) continue;
      const validator = JSON.parse(value.exportArgs()) as { value?: Record<string, { optional: boolean }> };
      const args = Object.entries(validator.value ?? {}).filter(([, field]) => !field.optional);
      found.push({
        path: `${module}:${name}`,
        kind: value.isQuery === true ? "query" : "mutation",
        args: args.map(([argument]) => argument),
      });
    }
  }
  return found;
}

function isRegistered(value: unknown): value is Registered {
  return typeof value === "function" && ("isQuery" in value || "isMutation" in value);
}
