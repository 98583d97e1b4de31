/**
 * Labels on filled elements: black or white, whichever stands out on the colour that the element has in each colour scheme.
 *
 * Mantine chooses by the light scheme's shade and keeps that in the dark, where the shade is another one. So the choice is a variable here, with a value for
 * each scheme.
 *
 * @module
 */
import {
  defaultVariantColorsResolver,
  getContrastColor,
  getPrimaryShade,
  parseThemeColor,
  type CSSVariablesResolver,
  type MantineTheme,
  type VariantColorsResolver,
} from "@mantine/core";
import { textColors } from "./text-contrast.ts";

const variableOf = (color: string): string => `--nc-on-${color}`;

/** Passed to `createTheme`. */
export const filledContrast: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.variant !== "filled") return colors;
  const { color, shade, isThemeColor } = parseThemeColor({
    color: input.color ?? input.theme.primaryColor,
    theme: input.theme,
  });
  return isThemeColor && shade === undefined ? { ...colors, color: `var(${variableOf(color)})` } : colors;
};

/** Passed to `MantineProvider`: for these labels and for coloured texts. */
export const contrastVariables: CSSVariablesResolver = (theme) => ({
  variables: {},
  light: { ...labelColors(theme, "light"), ...textColors(theme, "light") },
  dark: { ...labelColors(theme, "dark"), ...textColors(theme, "dark") },
});

function labelColors(theme: MantineTheme, scheme: "light" | "dark"): Record<string, string> {
  const shade = getPrimaryShade(theme, scheme);
  return Object.fromEntries(
    Object.entries(theme.colors).map(([name, shades]) => [
      variableOf(name),
      getContrastColor({ color: shades[shade], theme }),
    ]),
  );
}
