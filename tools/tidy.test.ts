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

/** Entry points of packages and the rooms they stand for. */
const PACKAGES: Record<string, string> = {
  "@narrowcast/values": "values",
  "@narrowcast/client": "client",
  "@narrowcast/server": "server",
  "@narrowcast/server/testing": "server",
  narrowcast: "cli",
};

/** What each kind of file outside of the rooms may import of ours; in apps also their own shared look. */
const OUTSIDE: Record<string, readonly string[]> = {
  bench: [
    "values",
    "client",
    "server",
    "apps/chat",
    "apps/concerts",
    "apps/orchestrator",
    "apps/registry",
    "apps/talent",
  ],
  soak: ["values", "server"],
  tools: ["values", "server"],
};

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(ROOT, file)));
const sources = files.filter((file) => /\.tsx?$/.test(file) && !file.includes("/_generated/"));
const roomFiles = sources.filter((file) => file.startsWith("packages/"));

/** A file that is not shipped: it tests, measures, or is there for those that do. */
const isTest = (file: string): boolean =>
  /\.(test|contract|sim|bench)\.tsx?$/.test(file) || file.includes("/testing/") || /^(?:bench|soak)\//.test(file);

/** The room a file lies in: `server/tx` for `packages/server/src/tx/a.ts`, `server` for an entry point of the package, `bench`, `tools`, `apps/chat`. */
function roomOf(file: string): string {
  const [top = "", name = "", , folder = "", ...rest] = file.split("/");
  if (top === "apps") return `apps/${name}`;
  if (top !== "packages") return top;
  return rest.length === 0 ? name : `${name}/${folder}`;
}

/** Rooms that a file imports from, its own left out; `import()` and types count. */
function importsOf(file: string): readonly string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = new Set<string>();
  const imports = /^(?:import|export)\b[^"';]*?from "([^"]+)";|^import "([^"]+)";|\bimport\("([^"]+)"\)/gm;
  for (const [, from, bare, called] of text.matchAll(imports)) {
    const specifier = from ?? bare ?? called ?? "";
    const known = PACKAGES[specifier];
    if (known !== undefined) found.add(known);
    else if (specifier.startsWith(".")) found.add(roomOf(normalize(join(dirname(file), specifier))));
  }
  found.delete(roomOf(file));
  return [...found];
}

/** A room's arrows and what lies below them. */
function below(room: string): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (from: string): void => {
    for (const target of ARROWS[from] ?? []) {
      if (!found.has(target)) {
        found.add(target);
        visit(target);
      }
    }
  };
  visit(room);
  return found;
}

/**
 * Rooms that a file may import. Tests may also look at what lies below the arrows of their room, and use what is there for tests: the fixtures of their
 * package, the server's kit, other packages' entry points, and the comparison of the benchmarks.
 */
function allowedFor(file: string): ReadonlySet<string> {
  const room = roomOf(file);
  if (OUTSIDE[room] !== undefined) return new Set(OUTSIDE[room]);
  // Fixtures and the entry point of tests: everything in their package, and below it.
  if (room === "server/testing" || file === "packages/server/src/testing.ts") {
    return new Set(["values", ...Object.keys(ARROWS).filter((name) => name.startsWith("server/"))]);
  }
  if (!isTest(file)) return new Set(ARROWS[room]);
  const [packageName = ""] = room.split("/");
  const fixtures = [packageName, `${packageName}/testing`, packageName === "server" ? "server/kit" : "server"];
  return new Set([...below(room), ...fixtures, ...(file.endsWith(".bench.ts") ? ["bench"] : [])]);
}

test("the table of rooms has no cycle", () => {
  const seen = new Set<string>();
  for (const [room, targets] of Object.entries(ARROWS)) {
    for (const target of targets) expect(seen, `${room} → ${target}`).toContain(target);
    seen.add(room);
  }
});

test("the table of ARCHITECTURE.md is this one", () => {
  const rows = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8")
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()))
    .filter(([, room = ""]) => ARROWS[room.replaceAll("`", "")] !== undefined);
  const long = (room: string): string => (ARROWS[`server/${room}`] === undefined ? room : `server/${room}`);
  const table = rows.map(([, room = "", , , arrows = ""]) => {
    const targets = arrows === "" ? [] : arrows.split(", ").map(long);
    return [room.replaceAll("`", ""), targets] as const;
  });
  expect(Object.fromEntries(table)).toEqual(ARROWS);
});

test("every room of the server says in its README where it runs, first of all", () => {
  const rooms = Object.keys(ARROWS).filter((room) => room.startsWith("server/"));
  const silent = rooms.filter((room) => {
    const file = join(ROOT, `packages/server/src/${room.slice("server/".length)}/README.md`);
    return !existsSync(file) || !/^# .*\n\n(?:```[^]*?```\n\n)?Runs in /.test(readFileSync(file, "utf8"));
  });
  expect(silent).toEqual([]);
});

test("every room is in the table", () => {
  const rooms = new Set(roomFiles.filter((file) => !file.includes("/testing/")).map(roomOf));
  expect([...rooms].filter((room) => ARROWS[room] === undefined)).toEqual([]);
});

test("files import only what their room may, tests and benchmarks too", () => {
  const wrong: string[] = [];
  for (const file of sources) {
    if (file.startsWith("apps/")) continue;
    const allowed = allowedFor(file);
    for (const target of importsOf(file)) if (!allowed.has(target)) wrong.push(`${file} → ${target}`);
  }
  expect(wrong).toEqual([]);
});

test("only entry points lie at the top of a package that has rooms", () => {
  const top = roomFiles.filter((file) => /^packages\/server\/src\/[^/]+$/.test(file));
  expect(top.sort()).toEqual(["packages/server/src/index.ts", "packages/server/src/testing.ts"]);
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
