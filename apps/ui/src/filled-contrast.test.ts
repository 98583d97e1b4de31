import { DEFAULT_THEME, getPrimaryShade, mergeMantineTheme } from "@mantine/core";
import { expect, test } from "vitest";
import { contrastVariables, filledContrast } from "./filled-contrast.ts";
import { contrast } from "./text-contrast.ts";
import { theme } from "./theme.ts";

const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const NAMES = Object.keys(merged.colors);

test.each(["light", "dark"] as const)(
  "in the %s scheme labels of filled elements have the contrast that texts need",
  (scheme) => {
    const values: Readonly<Record<string, string>> = contrastVariables(merged)[scheme];
    const ratios = NAMES.map((name) => {
      const { color } = filledContrast({ color: name, theme: merged, variant: "filled" });
      const label = values[/^var\((.*)\)$/.exec(color)?.[1] ?? ""];
      const text = label === "var(--mantine-color-black)" ? "#000000" : "#ffffff";
      const filled = merged.colors[name]?.[getPrimaryShade(merged, scheme)] ?? "";
      return [name, label !== undefined && contrast(text, filled) >= 4.5] as const;
    });
    expect(ratios).toEqual(NAMES.map((name) => [name, true]));
  },
);

test.each([
  ["light", "text", () => "#ffffff"],
  ["light", "outline", () => "#f3f5f6"],
  ["light", "light-color", (name: string) => merged.colors[name]![1]],
  ["dark", "text", () => "#181e26"],
  ["dark", "outline", () => "#181e26"],
] as const)("in the %s scheme coloured texts (%s) can be read", (scheme, kind, background) => {
  const values: Readonly<Record<string, string>> = contrastVariables(merged)[scheme];
  const unreadable = NAMES.filter(
    (name) => !(contrast(values[`--mantine-color-${name}-${kind}`]!, background(name)) >= 4.5),
  );
  expect(unreadable).toEqual([]);
});

test("what is not filled, or has a shade of its own, is Mantine's", () => {
  expect(filledContrast({ color: "tide", theme: merged, variant: "light" }).color).toContain("--mantine-color-tide");
  expect(filledContrast({ color: "red.9", theme: merged, variant: "filled" }).color).toBe("var(--mantine-color-white)");
});
