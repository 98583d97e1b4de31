/**
 * Coloured texts: of each colour, the first shade from Mantine's own choice on that stands out enough from what it is written on.
 *
 * Mantine takes one shade for all colours. Its red and orange are lighter than the others, so that errors and warnings were hard to read.
 *
 * @module
 */
import { darken, lighten, luminance, type MantineColorsTuple, type MantineTheme } from "@mantine/core";

/** What texts need by WCAG 2, AA. */
const CONTRAST_MIN = 4.5;
/** The page's own surface that is closest to a text's colour: `--nc-hover` of `styles.css`. */
const SURFACE = { light: "#f0f3f4", dark: "#1e2630" } as const;
const STEPS = [0.1, 0.2, 0.3, 0.4, 0.5];

/** Values for the variables of Mantine that colour texts: on a surface, and on a tint of the text's own colour. */
export function textColors(theme: MantineTheme, scheme: "light" | "dark"): Record<string, string> {
  const pairs = Object.entries(theme.colors).flatMap(([name, shades]) => [
    [`--mantine-color-${name}-text`, onSurface(shades, scheme)],
    [`--mantine-color-${name}-outline`, onSurface(shades, scheme)],
    ...(scheme === "light" ? [[`--mantine-color-${name}-light-color`, onTint(shades)]] : []),
  ]);
  return {
    ...(Object.fromEntries(pairs) as Record<string, string>),
    "--mantine-color-error": "var(--mantine-color-red-text)",
    "--mantine-color-placeholder": "var(--nc-muted)",
  };
}

/** From 1 to 21, as WCAG 2 has it. */
export function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function onSurface(shades: MantineColorsTuple, scheme: "light" | "dark"): string {
  return scheme === "light"
    ? firstReadable([...shades.slice(7), ...STEPS.map((step) => darken(shades[9], step))], SURFACE.light)
    : firstReadable(
        [...shades.slice(0, 5).toReversed(), ...STEPS.map((step) => lighten(shades[0], step))],
        SURFACE.dark,
      );
}

/** The tint is Mantine's second shade, the third under the pointer; in the dark its own choice holds. */
function onTint(shades: MantineColorsTuple): string {
  return firstReadable([shades[9], ...STEPS.map((step) => darken(shades[9], step))], shades[2]);
}

function firstReadable(candidates: readonly string[], background: string): string {
  const found = candidates.find((candidate) => contrast(candidate, background) >= CONTRAST_MIN);
  if (found === undefined) throw new Error(`No shade of ${candidates[0]} can be read on ${background}`);
  return found;
}
