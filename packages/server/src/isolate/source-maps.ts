/**
 * From positions in a bundle back to the developer's files, in the text form of stack traces.
 *
 * Frames of the server's own code and of Node's internals are left out: a developer cannot do anything about them.
 *
 * @module
 */
import { TraceMap, originalPositionFor } from "@jridgewell/trace-mapping";
import type { ModuleEnvironment, ModuleSource } from "../app/types.ts";

/** File names under which bundles are evaluated; they appear in raw stack traces. */
export const BUNDLE_FILES: { readonly [environment in ModuleEnvironment]: string } = {
  isolate: "narrowcast-bundle/isolate.js",
  node: "narrowcast-bundle/node.js",
};

/** A line of a rendered stack: indentation, frame, what the inspector puts behind it. */
const FRAME_LINE = /^(\s*)(at (?:async )?(?:[^'"]* \()?[^'"\s]+:\d+:\d+\)?|at [^'"]*\(<anonymous>\))( \{|,|\]*,?)$/;
/** In the place of frames that a cause has, too. */
const LEFT_OUT_LINE = /^\s*\.{3} \d+ lines matching cause stack trace \.{3}( \{|,)?$/;
/** A frame in a quoted text, with the line break that the quoting has written out. */
const FRAME_IN_TEXT =
  /(\\n)? *(at (?:async )?(?:[^'"`\\()]* \()?(?:file:|node:|narrowcast-bundle|\/)[^'"`\\()\s]*:\d+:\d+\)?)/g;

/** What is left of a line of a long text whose frame was left out. */
const EMPTY_PIECE = /^\s*'(?:\\n)?' \+$/;

/** Maps stack traces of one code package. Maps are parsed at the first use. */
export class StackMapper {
  readonly #scripts: readonly { readonly file: string; readonly script: ModuleSource }[];
  readonly #maps = new Map<string, TraceMap | undefined>();

  constructor(code: { readonly isolate: ModuleSource; readonly node: ModuleSource | null }) {
    this.#scripts = [
      { file: BUNDLE_FILES.isolate, script: code.isolate },
      ...(code.node === null ? [] : [{ file: BUNDLE_FILES.node, script: code.node }]),
    ];
  }

  /**
   * The user's frames of a stack, mapped, each with a line break before it: `"\n    at handler (../convex/x.ts:12:7)"`.
   *
   * @param stack `error.stack`; anything that is not a string gives `""`.
   */
  frames(stack: unknown): string {
    if (typeof stack !== "string") return "";
    const kept: string[] = [];
    let builtins: string[] = [];
    for (const line of stack.split("\n")) {
      if (!/^\s+at /.test(line)) continue;
      const mapped = this.#mapLine(line);
      if (mapped !== undefined) {
        kept.push(...builtins, mapped);
        builtins = [];
      } else if (line.endsWith("(<anonymous>)")) {
        // `JSON.parse (<anonymous>)` belongs to the user's frame that follows, if one does.
        builtins.push(`    ${line.trim()}`);
      } else {
        builtins = [];
      }
    }
    return kept.map((line) => `\n${line}`).join("");
  }

  /**
   * A text that shows stacks, as the console renders errors: the user's frames mapped, all others left out. Also finds frames inside of quoted texts.
   */
  mapText(text: string): string {
    if (!/\bat .*:\d+:\d+/.test(text)) return text;
    const lines: string[] = [];
    for (const line of text.split("\n")) {
      const [, indent = "", frame, tail = ""] = FRAME_LINE.exec(line) ?? [];
      if (frame === undefined && !LEFT_OUT_LINE.test(line)) {
        const shown = line.replace(FRAME_IN_TEXT, (found, _break: string, one: string) => this.#inText(found, one));
        if (shown === line || !EMPTY_PIECE.test(shown)) lines.push(shown);
        continue;
      }
      const mapped = frame === undefined ? undefined : this.#mapLine(frame)?.trim();
      if (mapped !== undefined) lines.push(`${indent}${mapped}${tail}`);
      // What goes on behind a frame that is left out: the brace of an error's own fields, the comma of a list.
      else lines.push(`${lines.pop() ?? ""}${tail}`);
    }
    return lines.join("\n");
  }

  #inText(found: string, frame: string): string {
    const mapped = this.#mapLine(frame)?.trim();
    return mapped === undefined ? "" : found.replace(frame, mapped);
  }

  /** The developer's file and line of an offset of the isolate script. */
  placeOf(text: string, position: number): { readonly file: string; readonly line: number } {
    const lines = text.slice(0, position).split("\n");
    const file = BUNDLE_FILES.isolate;
    const script = this.#scripts[0]?.script;
    const place = script && this.#original(file, script, lines.length, (lines.at(-1)?.length ?? 0) + 1);
    const [, source = file, line = lines.length] = /^(.*):(\d+):\d+$/.exec(place ?? "") ?? [];
    return { file: source, line: Number(line) };
  }

  #mapLine(line: string): string | undefined {
    for (const { file, script } of this.#scripts) {
      const at = line.indexOf(file);
      if (at < 0) continue;
      const match = /^:(\d+):(\d+)(.*)$/.exec(line.slice(at + file.length));
      if (match === null) return undefined;
      const before = line.slice(0, at).trim();
      const place = this.#original(file, script, Number(match[1]), Number(match[2]));
      if (place === undefined) return undefined;
      return `    ${before.endsWith("(") ? before : `${before} <anonymous> (`}${place})`;
    }
    return undefined;
  }

  /** Undefined for lines of the bundle that come from no file of the app: the bundler's helpers and its entry. */
  #original(file: string, script: ModuleSource, line: number, column: number): string | undefined {
    if (!this.#maps.has(file)) {
      this.#maps.set(file, script.sourceMap === null ? undefined : new TraceMap(script.sourceMap));
    }
    const map = this.#maps.get(file);
    // V8 counts columns from 1, source maps from 0.
    if (map === undefined) return `${file}:${line}:${column}`;
    const found = originalPositionFor(map, { line, column: column - 1 });
    if (found.source === null || found.source.endsWith("%3Cmodules%3E")) return undefined;
    return `${found.source}:${found.line}:${found.column + 1}`;
  }
}
