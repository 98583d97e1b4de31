/**
 * What an app uses that does not work here yet, by name and place, so that a push can say it before a call fails.
 *
 * Found in the app's own source: components (`app.use(…)`), text search and vector indexes of schemas, validators that are only checked in the
 * background (`.staged(…)`; staged indexes work).
 *
 * @module
 */
import { readFileSync } from "node:fs";
import path from "node:path";

/** One use of something that is not supported. */
export interface Unsupported {
  /** For example `text search index "by_title"`. */
  readonly what: string;
  /** Relative to the project, with forward slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** What makes `text` of a file a use, and how it is called. */
interface Kind {
  readonly files: RegExp;
  readonly pattern: RegExp;
  readonly name: (match: RegExpMatchArray) => string;
}

const KINDS: readonly Kind[] = [
  {
    files: /(?:^|\/)convex\.config\.[jt]s$/,
    pattern: /\.use\(\s*([\w.]+)?/g,
    name: ([, component = "?"]) => `component "${component}"`,
  },
  {
    files: /\.[cm]?[jt]sx?$/,
    pattern: /\.searchIndex\(\s*["'`]([^"'`]*)/g,
    name: ([, index = "?"]) => `text search index "${index}"`,
  },
  {
    files: /\.[cm]?[jt]sx?$/,
    pattern: /\.vectorIndex\(\s*["'`]([^"'`]*)/g,
    name: ([, index = "?"]) => `vector index "${index}"`,
  },
  { files: /\.[cm]?[jt]sx?$/, pattern: /\.staged\(/g, name: () => "staged validator" },
];

/**
 * Looks through source files.
 *
 * @param root Folder that places are told from.
 * @param files Absolute paths.
 */
export function findUnsupported(root: string, files: readonly string[]): Unsupported[] {
  const found: Unsupported[] = [];
  for (const file of files) {
    const kinds = KINDS.filter((kind) => kind.files.test(file));
    if (kinds.length === 0) continue;
    const source = withoutComments(readFileSync(file, "utf8"));
    for (const { pattern, name } of kinds) {
      for (const match of source.matchAll(pattern)) {
        const line = source.slice(0, match.index).split("\n").length;
        found.push({ what: name(match), file: path.relative(root, file).split(path.sep).join("/"), line });
      }
    }
  }
  return found;
}

/** One line for each: `convex/schema.ts:12: text search index "by_title"`. */
export function listUnsupported(found: readonly Unsupported[]): string {
  return found.map(({ what, file, line }) => `  ${file}:${line}: ${what}`).join("\n");
}

/** `source` with blanks in the place of comments, so that places stay. Strings are kept: names stand in them. */
function withoutComments(source: string): string {
  return source.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[^]*?\*\/|\/\/[^\n]*/g,
    (text, string: string | undefined) => string ?? text.replace(/[^\n]/g, " "),
  );
}
