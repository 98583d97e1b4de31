import { DEFAULT_THEME, getPrimaryShade, luminance, mergeMantineTheme } from "@mantine/core";
import { expect, test } from "vitest";
import { contrastVariables, filledContrast } from "./filled-contrast.ts";
import { theme } from "./theme.ts";

const merged = mergeMantineTheme(DEFAULT_THEME, theme);
const NAMES = Object.keys(merged.colors);

/** By WCAG 2: from 1 to 21. */
function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

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

test("what is not filled, or has a shade of its own, is Mantine's", () => {
  expect(filledContrast({ color: "tide", theme: merged, variant: "light" }).color).toContain("--mantine-color-tide");
  expect(filledContrast({ color: "red.9", theme: merged, variant: "filled" }).color).toBe("var(--mantine-color-white)");
});
