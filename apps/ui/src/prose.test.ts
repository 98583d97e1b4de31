import { expect, test } from "vitest";
import { parseProse } from "./prose.tsx";

test.each([
  { name: "nothing", text: " \n\n", blocks: [] },
  { name: "lines of one paragraph", text: "one\ntwo\n\nthree", blocks: ["paragraph one\ntwo", "paragraph three"] },
  { name: "a heading right above text", text: "## Found\nit", blocks: ["heading Found", "paragraph it"] },
  { name: "a hash that is no heading", text: "#12 is open", blocks: ["paragraph #12 is open"] },
  { name: "a list behind a line", text: "Do:\n- one\n* two", blocks: ["paragraph Do:", "list one|two"] },
  { name: "numbers", text: "1. one\n2) two\nend", blocks: ["ordered one|two", "paragraph end"] },
  {
    name: "code with what looks like more",
    text: "```ts\n# no\n- no\n```\nend",
    blocks: ["code # no\n- no", "paragraph end"],
  },
  { name: "code that never ends", text: "```\nopen", blocks: ["code open"] },
])("parseProse reads $name", ({ text, blocks }) => {
  const shown = parseProse(text).map((block) =>
    block.kind === "list"
      ? `${block.isOrdered ? "ordered" : "list"} ${block.items.join("|")}`
      : `${block.kind} ${block.text}`,
  );
  expect(shown).toEqual(blocks);
});
