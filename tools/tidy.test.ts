/**
 * Repository rules as tests: which room may import which, how long files may be, what text may not appear.
 *
 * The table of arrows is the architecture. A new arrow is a decision (an ADR), not an import.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const LINES_MAX = 400;

/** Every room and the rooms it may import, lowest first. What stands here stands in `ARCHITECTURE.md`, too. */
const ARROWS: Record<string, readonly string[]> = {
  values: [],
  client: ["values"],
  "server/engine": ["values"],
  "server/tx": ["values", "server/engine"],
  "server/reactive": ["values", "server/tx"],
  "server/meter": ["values"],
  "server/app": ["values"],
  "server/isolate": ["values", "server/app"],
  "server/protocol": ["values", "server/app", "server/tx", "server/reactive", "server/meter"],
  "server/functions": ["values", "server/app", "server/isolate", "server/protocol", "server/tx"],
  "server/core": [
    "values",
    "server/app",
    "server/engine",
    "server/tx",
    "server/reactive",
    "server/meter",
    "server/isolate",
    "server/protocol",
    "server/functions",
  ],
  "server/actions": ["values", "server/app", "server/isolate", "server/protocol", "server/functions"],
  "server/host": ["values", "server/app", "server/engine", "server/meter", "server/protocol", "server/core"],
  "server/sync": ["values", "server/protocol", "server/host"],
  "server/http": ["values", "server/protocol", "server/host", "server/sync"],
  "server/kit": [
    "values",
    "server/app",
    "server/engine",
    "server/tx",
    "server/reactive",
    "server/meter",
    "server/isolate",
    "server/protocol",
    "server/functions",
    "server/core",
    "server/host",
    "server/sync",
    "server/http",
  ],
  server: ["values", "server/app", "server/meter", "server/protocol", "server/host", "server/http", "server/kit"],
  "cli/terminal": [],
  "cli/commands": ["values", "server", "cli/terminal"],
  cli: ["values", "server", "cli/commands", "cli/terminal"],
};

const PACKAGES: Record<string, string> = {
  "@narrowcast/values": "values",
  "@narrowcast/client": "client",
  "@narrowcast/server": "server",
  narrowcast: "cli",
};

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(ROOT, file)));
const sources = files.filter((file) => /\.tsx?$/.test(file) && !file.includes("/_generated/"));
const roomFiles = sources.filter((file) => file.startsWith("packages/"));

/** The room a file lies in: `server/tx` for `packages/server/src/tx/a.ts`, `server` for its entry point and for fixtures of the whole package. */
function roomOf(file: string): string {
  const [, packageName = "", , folder = "", ...rest] = file.split("/");
  return rest.length === 0 || folder === "testing" ? packageName : `${packageName}/${folder}`;
}

/** Rooms that a file imports from, its own left out. Tests and fixtures may look anywhere below their package. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = new Set<string>();
  for (const [, specifier = ""] of text.matchAll(/^(?:import|export)\b[^"';]*?from "([^"]+)";/gm)) {
    const known = PACKAGES[specifier];
    if (known !== undefined) found.add(known);
    else if (specifier.startsWith(".")) found.add(roomOf(normalize(join(dirname(file), specifier))));
  }
  found.delete(roomOf(file));
  return [...found];
}

test("the table of rooms has no cycle", () => {
  const seen = new Set<string>();
  for (const [room, targets] of Object.entries(ARROWS)) {
    for (const target of targets) expect(seen, `${room} → ${target}`).toContain(target);
    seen.add(room);
  }
});

test("every room is in the table", () => {
  const rooms = new Set(roomFiles.map(roomOf));
  expect([...rooms].filter((room) => ARROWS[room] === undefined)).toEqual([]);
});

test("files import only what their room may", () => {
  const wrong: string[] = [];
  for (const file of roomFiles) {
    if (/\.(test|contract|sim|bench)\.ts$/.test(file) || file.includes("/testing/")) continue;
    const allowed = ARROWS[roomOf(file)] ?? [];
    for (const target of importsOf(file)) if (!allowed.includes(target)) wrong.push(`${file} → ${target}`);
  }
  expect(wrong).toEqual([]);
});

test("apps import nothing of ours but the shared look", () => {
  const wrong = sources.filter(
    (file) =>
      file.startsWith("apps/") &&
      !/\/testing\/|\.test\.tsx?$/.test(file) &&
      /from "(?:@narrowcast\/(?!ui)|narrowcast)/.test(readFileSync(join(ROOT, file), "utf8")),
  );
  expect(wrong).toEqual([]);
});

test(`files have at most ${LINES_MAX} lines`, () => {
  const long = sources
    .map((file) => ({ file, lines: readFileSync(join(ROOT, file), "utf8").split("\n").length - 1 }))
    .filter(({ lines }) => lines > LINES_MAX);
  expect(long).toEqual([]);
});

test("no text speaks of places or work outside the product", () => {
  const words = [/(?:^|[^\w.])\/work\//, /\.\.\/shared\//, /\bTO[D]O\b/, /\bFIX[M]E\b/, /\.(?:skip|only|todo)\(/];
  const wrong = files
    .filter((file) => /\.(?:tsx?|md|json|css|html|mjs|sh)$/.test(file) && file !== "package-lock.json")
    .filter((file) => file !== "tools/tidy.test.ts")
    .filter((file) => words.some((word) => word.test(readFileSync(join(ROOT, file), "utf8"))));
  expect(wrong).toEqual([]);
});

test("every dependency has a line in docs/dependencies.md", () => {
  const text = readFileSync(join(ROOT, "docs/dependencies.md"), "utf8");
  const missing = files
    .filter((file) => /(^|\/)package\.json$/.test(file))
    .flatMap((file) => {
      const json = JSON.parse(readFileSync(join(ROOT, file), "utf8")) as Record<string, Record<string, string>>;
      return [...Object.keys(json["dependencies"] ?? {}), ...Object.keys(json["devDependencies"] ?? {})];
    })
    .filter((name) => PACKAGES[name] === undefined && !name.startsWith("@narrowcast/"))
    .filter((name) => !text.includes(`\`${name}\``));
  expect([...new Set(missing)]).toEqual([]);
});
