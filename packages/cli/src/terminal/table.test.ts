import { expect, test } from "vitest";
import { formatTable } from "./table.ts";

test("columns are as wide as their widest cell, numbers stand to the right", () => {
  expect(
    formatTable(
      ["name", "documents"],
      [
        ["a", "5"],
        ["messages", "1200"],
      ],
    ),
  ).toBe("name      documents\na                 5\nmessages       1200");
});

test("long cells are cut and line breaks folded", () => {
  expect(formatTable(["x"], [["one\ntwo three"]], 8)).toBe("x\none two…");
});
