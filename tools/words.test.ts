/**
 * Rules for words as tests: names are in the glossary, comments fit a screen and name files that exist.
 *
 * A type is covered when its name, or the end of its name, is a word of the glossary: `RunTable` by "run table" or by "table", plurals by their
 * singular. So a new word for an idea needs a line that says what it means; a new type of a known thing does not.
 *
 * Not here: which room may import which, how long files are (`tidy.test.ts`).
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { parseSync, Visitor } from "oxc-parser";
import { expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");
const COLUMNS_MAX = 160;
const FUNCTION_LINES_MAX = 70;

const files = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(ROOT, file)));
const sources = files.filter((file) => /\.(?:tsx?|mjs)$/.test(file) && !file.includes("/_generated/"));

function read(file: string): string {
  return readFileSync(join(ROOT, file), "utf8");
}

/** The glossary's words, in lower case: `a, b` in the first column are two. */
function glossaryWords(): ReadonlySet<string> {
  const words = new Set<string>();
  for (const [, cell = ""] of read("docs/glossary.md").matchAll(/^\| ([^|]+?) +\|/gm)) {
    for (const word of cell.split(",")) words.add(word.trim().toLowerCase());
  }
  return words;
}

/** `ReadSetView` as `read set view`, `ToCore` as `to core`. */
function wordsOf(name: string): string[] {
  return (name.match(/[A-Z]+(?![a-z])|[A-Z][a-z0-9]*/g) ?? []).map((word) => word.toLowerCase());
}

/** Plural endings and what they stand for, most telling first. */
const SINGULARS: readonly (readonly [RegExp, string])[] = [
  [/ies$/, "y"],
  [/(ss|sh|ch|x)es$/, "$1"],
  [/([^s])s$/, "$1"],
];

function singular(word: string): string {
  const rule = SINGULARS.find(([ending]) => ending.test(word));
  return rule === undefined ? word : word.replace(rule[0], rule[1]);
}

/** Whether the glossary has the name or an end of it. */
function isCovered(name: string, glossary: ReadonlySet<string>): boolean {
  const words = wordsOf(name);
  return words.some((_, at) => {
    const end = words.slice(at);
    return glossary.has(end.join(" ")) || glossary.has([...end.slice(0, -1), singular(end.at(-1) ?? "")].join(" "));
  });
}

/** Names of the classes, interfaces and types that a file exports. */
function exportedTypes(file: string): string[] {
  const kinds = ["ClassDeclaration", "TSInterfaceDeclaration", "TSTypeAliasDeclaration"];
  const names: string[] = [];
  for (const statement of parseSync(file, read(file)).program.body) {
    if (statement.type !== "ExportNamedDeclaration") continue;
    const { declaration } = statement;
    if (declaration === null || !kinds.includes(declaration.type)) continue;
    if ("id" in declaration && declaration.id?.type === "Identifier") names.push(declaration.id.name);
  }
  return names;
}

test("every exported type of values and server is named by words of the glossary", () => {
  const glossary = glossaryWords();
  const missing = sources
    .filter((file) => /^packages\/(?:server|values)\/src\//.test(file))
    .filter((file) => !/\/testing\/|\.(?:test|contract|sim|bench|testing)\.ts$/.test(file))
    .flatMap((file) => exportedTypes(file).map((name) => ({ file, name })))
    .filter(({ name }) => !isCovered(name, glossary))
    .map(({ file, name }) => `${name} (${file})`);
  expect(missing).toEqual([]);
});

test("every room has its part of the glossary, in the order of the alphabet", () => {
  const parts = read("docs/glossary.md").split(/^## /m).slice(1);
  const titles = new Set(parts.map((part) => part.slice(0, part.search(/[:\n]/)).trim()));
  const rooms = sources.flatMap((file) => /^packages\/server\/src\/([a-z]+)\//.exec(file)?.[1] ?? []);
  expect([...new Set(rooms)].filter((room) => room !== "testing" && !titles.has(room))).toEqual([]);
  for (const part of parts) {
    const words = [...part.matchAll(/^\| ([^|]+?) +\|/gm)]
      .map(([, word = ""]) => word)
      .filter((word) => !/^-+$|^word$/.test(word));
    expect(words).toEqual([...words].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)));
  }
});

test("no word stands in the glossary twice", () => {
  const words = [...read("docs/glossary.md").matchAll(/^\| ([^|]+?) +\|/gm)]
    .flatMap(([, cell = ""]) => cell.split(",").map((word) => word.trim().toLowerCase()))
    .filter((word) => !/^-+$|^word$/.test(word));
  expect(words.filter((word, at) => words.indexOf(word) !== at)).toEqual([]);
});

/** Finds the line of an offset, counted from 1. */
function lineFinder(text: string): (offset: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (offset) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** The comments of a file with the lines on which they begin. */
function commentsOf(file: string): { readonly line: number; readonly text: string }[] {
  const text = read(file);
  const lineAt = lineFinder(text);
  return parseSync(file, text).comments.map(({ start, end }) => {
    // From the beginning of the line: what stands before a comment takes columns, too.
    const from = text.lastIndexOf("\n", start - 1) + 1;
    return { line: lineAt(start), text: text.slice(from, end) };
  });
}

test(`lines of comments have at most ${COLUMNS_MAX} columns`, () => {
  const wide = sources.flatMap((file) =>
    commentsOf(file).flatMap(({ line, text }) =>
      text.split("\n").flatMap((one, at) => (one.length > COLUMNS_MAX ? [`${file}:${line + at}`] : [])),
    ),
  );
  expect(wide).toEqual([]);
});

/** Texts in which a file in back quotes is one of this repository; the guide and the list of errors speak of the reader's own. */
function textsNamingFiles(): { readonly file: string; readonly text: string }[] {
  const ours = sources.filter((file) => /^(?:packages|bench|tools)\//.test(file));
  const documents = files.filter(
    (file) => file.endsWith(".md") && !/^(?:apps|docs\/guide)\/|^docs\/errors\.md$/.test(file),
  );
  return [
    ...ours.flatMap((file) => commentsOf(file).map(({ text }) => ({ file, text }))),
    ...documents.map((file) => ({ file, text: read(file) })),
  ];
}

test("files that comments and documents name exist", () => {
  const known = new Set(files);
  const ends = new Set(files.flatMap((file) => file.split("/").map((_, at, parts) => parts.slice(at).join("/"))));
  const missing: string[] = [];
  for (const { file, text } of textsNamingFiles()) {
    for (const [, name = ""] of text.matchAll(/`([\w@./-]*\w\.(?:tsx?|mjs|md))`/g)) {
      // Names of one letter stand for any name.
      if (/(?:^|\/)[a-z]\.[a-z.]+$/.test(name)) continue;
      if (!known.has(normalize(join(dirname(file), name))) && !ends.has(name)) missing.push(`${file}: ${name}`);
    }
  }
  expect(missing).toEqual([]);
});

/** Functions with the lines they take. Groups of tests are not looked at: neither `describe` nor a contract, which is a function around one. */
function functionsOf(file: string): { readonly line: number; readonly lines: number }[] {
  const text = read(file);
  const { program } = parseSync(file, text);
  const lineAt = lineFinder(text);
  const groups: { readonly start: number; readonly end: number; readonly bodies: ReadonlySet<number> }[] = [];
  new Visitor({
    CallExpression({ callee, arguments: given, start, end }) {
      if (!/^describe\b/.test(text.slice(callee.start, callee.end))) return;
      groups.push({ start, end, bodies: new Set(given.map((one) => one.start)) });
    },
  }).visit(program);
  const found: { line: number; lines: number }[] = [];
  const look = ({ start, end }: { readonly start: number; readonly end: number }): void => {
    const isGroup = groups.some((group) => group.bodies.has(start) || (group.start >= start && group.end <= end));
    if (!isGroup) found.push({ line: lineAt(start), lines: lineAt(end) - lineAt(start) + 1 });
  };
  new Visitor({ FunctionDeclaration: look, FunctionExpression: look, ArrowFunctionExpression: look }).visit(program);
  return found;
}

test(`functions have at most ${FUNCTION_LINES_MAX} lines`, () => {
  const long = sources.flatMap((file) =>
    functionsOf(file)
      .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
      .map(({ line, lines }) => `${file}:${line} has ${lines}`),
  );
  expect(long).toEqual([]);
});

test("the rules see what they are for", () => {
  const glossary = new Set(["run", "read set", "table"]);
  expect(["Run", "Runs", "ReadSet", "LiveQueryTable"].filter((name) => isCovered(name, glossary))).toHaveLength(4);
  expect(["Set", "RunSet", "Tablet", "Prune"].filter((name) => isCovered(name, glossary))).toEqual([]);
  expect(exportedTypes("packages/server/src/reactive/live-query.ts")).toContain("LiveQuery");
  expect(functionsOf("packages/server/src/reactive/reactor.ts").length).toBeGreaterThan(30);
  expect(functionsOf("packages/server/src/engine/engine.contract.ts").some(({ lines }) => lines > 1)).toBe(true);
});
