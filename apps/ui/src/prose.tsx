/**
 * Text as agents and people write it: headings, lists, code, bold. A small part of Markdown, made into elements and never
 * into HTML, so that no text can bring markup of its own.
 */
import { Fragment, type ReactElement } from "react";

/** One piece of a text. */
export type Block =
  | { readonly kind: "heading"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "list"; readonly isOrdered: boolean; readonly items: readonly string[] }
  | { readonly kind: "paragraph"; readonly text: string };

const LIST_ITEM = /^\s*(?:[-*]|(\d+)[.)])\s+(.*)$/u;

/** The pieces of a text in their order. */
export function parseProse(text: string): Block[] {
  const blocks: Block[] = [];
  const lines = text.split("\n");
  for (let at = 0; at < lines.length;) {
    const line = lines[at]!;
    if (line.trim() === "") {
      at += 1;
      continue;
    }
    if (line.startsWith("```")) {
      const end = lines.findIndex((each, index) => index > at && each.startsWith("```"));
      const stop = end < 0 ? lines.length : end;
      blocks.push({ kind: "code", text: lines.slice(at + 1, stop).join("\n") });
      at = stop + 1;
      continue;
    }
    const heading = /^#{1,6}\s+(.*)$/u.exec(line);
    if (heading !== null) {
      blocks.push({ kind: "heading", text: heading[1]! });
      at += 1;
      continue;
    }
    const stop = endOf(lines, at);
    blocks.push(toListOrParagraph(lines.slice(at, stop)));
    at = stop;
  }
  return blocks;
}

/** The line behind a run of list items or of plain lines that begins at `start`. */
function endOf(lines: readonly string[], start: number): number {
  const isList = LIST_ITEM.test(lines[start]!);
  let at = start + 1;
  while (at < lines.length && /\S/u.test(lines[at]!) && !/^(?:#{1,6}\s|```)/u.test(lines[at]!)) {
    if (LIST_ITEM.test(lines[at]!) !== isList) break;
    at += 1;
  }
  return at;
}

function toListOrParagraph(lines: readonly string[]): Block {
  const first = LIST_ITEM.exec(lines[0]!);
  if (first === null) return { kind: "paragraph", text: lines.join("\n") };
  return { kind: "list", isOrdered: first[1] !== undefined, items: lines.map((line) => LIST_ITEM.exec(line)![2]!) };
}

/** A text as elements. */
export function Prose({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="nc-prose">
      {parseProse(text).map((block, index) => (
        <BlockView key={index} block={block} />
      ))}
    </div>
  );
}

function BlockView({ block }: { readonly block: Block }): ReactElement {
  switch (block.kind) {
    case "heading":
      return (
        <p className="nc-prose-heading">
          <Inline text={block.text} />
        </p>
      );
    case "code":
      return <pre className="nc-pre">{block.text}</pre>;
    case "list": {
      const List = block.isOrdered ? "ol" : "ul";
      return (
        <List>
          {block.items.map((item, index) => (
            <li key={index}>
              <Inline text={item} />
            </li>
          ))}
        </List>
      );
    }
    default:
      return (
        <p>
          <Inline text={block.text} />
        </p>
      );
  }
}

/** `code` and **bold**; everything else as it is. */
function Inline({ text }: { readonly text: string }): ReactElement {
  const parts = text.split(/(`[^`\n]+`|\*\*[^*\n]+\*\*)/u);
  return (
    <>
      {parts.map((part, index) => {
        if (index % 2 === 0) return <Fragment key={index}>{part}</Fragment>;
        return part.startsWith("`") ? (
          <code key={index}>{part.slice(1, -1)}</code>
        ) : (
          <strong key={index}>{part.slice(2, -2)}</strong>
        );
      })}
    </>
  );
}
