/**
 * Every app type-checks against Convex's own code generation: the templates of the published `convex` package fill `_generated` in a copy of the
 * app's functions, and the TypeScript compiler says what it thinks of that with the settings that `npx convex dev` uses.
 *
 * The official command itself asks a deployment for what it generates; its templates do not.
 */
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { build, type PluginBuild } from "esbuild";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const APPS = join(ROOT, "apps");
const SLOW_MS = 120_000;

interface Written {
  readonly DTS: string;
  readonly JS: string;
}

interface Templates {
  readonly apiCodegen: (modulePaths: readonly string[], options: { readonly useTypeScript: false }) => Written;
  readonly serverCodegen: (options: { readonly useTypeScript: false }) => Written;
  readonly dynamicDataModelDTS: () => string;
}

/**
 * The templates, bundled out of the command that they belong to: they are pure, but beside them it imports packages that it does not list, since its
 * own bundle holds them.
 */
async function templates(folder: string): Promise<Templates> {
  const convex = dirname(createRequire(import.meta.url).resolve("convex/package.json"));
  const names = ["api", "server", "dataModel"];
  await build({
    stdin: {
      contents: names.map((name) => `export * from "./${name}.js";`).join("\n"),
      resolveDir: join(convex, "dist/esm/cli/codegen_templates"),
    },
    outfile: join(folder, "templates.mjs"),
    bundle: true,
    format: "esm",
    platform: "node",
    logLevel: "silent",
    plugins: [{ name: "no-packages", setup: withoutPackages }],
  });
  return (await import(pathToFileURL(join(folder, "templates.mjs")).href)) as Templates;
}

/** Templates need nothing but each other; what else they import, other parts of theirs use. */
function withoutPackages(plugin: PluginBuild): void {
  plugin.onResolve({ filter: /^(?:[^.]|\.\.\/)/ }, ({ path, kind }) =>
    kind === "entry-point" ? undefined : { path, namespace: "none" },
  );
  plugin.onLoad({ filter: /./, namespace: "none" }, () => ({ contents: "module.exports = {};" }));
}

/** Modules of functions and helpers, as the official command lists them. */
function modulesOf(convexDir: string): string[] {
  return readdirSync(convexDir, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/u.test(file) && !file.startsWith("_generated") && !/(?:^|\/)schema\.ts$/u.test(file))
    .map((file) => relative(".", file))
    .toSorted();
}

const apps = readdirSync(APPS).filter((name) => existsSync(join(APPS, name, "convex")));

/** What the compiler says of an app with the official `_generated`. */
async function checked(name: string, modules: (convexDir: string) => readonly string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), `${name}-codegen-`));
  try {
    const convex = join(folder, "convex");
    cpSync(join(APPS, name, "convex"), convex, { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"), "junction");
    rmSync(join(convex, "_generated"), { recursive: true });
    mkdirSync(join(convex, "_generated"));
    const { apiCodegen, serverCodegen, dynamicDataModelDTS } = await templates(folder);
    const options = { useTypeScript: false } as const;
    const written = { api: apiCodegen(modules(convex), options), server: serverCodegen(options) };
    for (const [file, { DTS, JS }] of Object.entries(written)) {
      writeFileSync(join(convex, "_generated", `${file}.d.ts`), DTS);
      writeFileSync(join(convex, "_generated", `${file}.js`), JS);
    }
    writeFileSync(join(convex, "_generated", "dataModel.d.ts"), dynamicDataModelDTS());
    return typeErrors(convex);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test.each(apps)(
  "%s type-checks against Convex's own code generation",
  async (name) => {
    expect(await checked(name, modulesOf)).toBe("");
  },
  SLOW_MS,
);

test(
  "functions that the generated files do not know are noticed",
  async () => {
    expect(await checked("registry", () => [])).toMatch(/error TS2339: Property '\w+' does not exist/u);
  },
  SLOW_MS,
);

function typeErrors(convexDir: string): string {
  try {
    execFileSync("node", [join(ROOT, "node_modules/typescript/bin/tsc"), "-p", convexDir], { encoding: "utf8" });
    return "";
  } catch (error) {
    return (error as { readonly stdout: string }).stdout;
  }
}
