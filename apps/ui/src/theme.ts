/**
 * The look of all pages: calm and dense. One accent, neutrals with a trace of blue, colour reserved for states.
 *
 * Sizes are a step smaller than Mantine's own, since these pages show lists and texts all day. Everything that can be
 * focused shows it.
 */
import { createTheme, type MantineColorsTuple } from "@mantine/core";
import { filledContrast } from "./filled-contrast.ts";

const tide: MantineColorsTuple = [
  "#e8f6f6",
  "#d3eaea",
  "#a7d5d5",
  "#77bebf",
  "#50aaac",
  "#379da0",
  "#26888c",
  "#187378",
  "#0b6268",
  "#004f55",
];

const slate: MantineColorsTuple = [
  "#f7f8f9",
  "#eff1f3",
  "#e2e6ea",
  "#d1d7dd",
  "#b2bac3",
  "#8c96a1",
  "#67717c",
  "#4c555f",
  "#343b43",
  "#20262c",
];

const night: MantineColorsTuple = [
  "#d5dbe1",
  "#b4bdc7",
  "#929da9",
  "#6d7884",
  "#434d58",
  "#333c46",
  "#262e37",
  "#1c232b",
  "#151b22",
  "#0f141a",
];

/** The head of a dialog is a `<header>` outside of the page's parts, which would make it the banner of the whole page. */
const PLAIN_HEADER = { header: { role: "presentation" } };

/** Passed to `MantineProvider`. */
export const theme = createTheme({
  primaryColor: "tide",
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  variantColorResolver: filledContrast,
  // Where black and white stand out equally: above it, a filled button's label is black. White on the accent of the dark has 3.2:1, black 6.5:1.
  luminanceThreshold: 0.18,
  colors: { tide, gray: slate, dark: night },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  fontFamily:
    'Inter, "Inter Variable", ui-sans-serif, system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: '"JetBrains Mono", ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  lineHeights: { xs: "1.35", sm: "1.45", md: "1.5", lg: "1.5", xl: "1.4" },
  radius: { xs: "3px", sm: "5px", md: "7px", lg: "10px", xl: "16px" },
  headings: {
    fontWeight: "620",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1.125rem", lineHeight: "1.35" },
      h3: { fontSize: "0.9375rem", lineHeight: "1.4" },
      h4: { fontSize: "0.875rem", lineHeight: "1.4" },
    },
  },
  components: {
    Badge: {
      defaultProps: { variant: "light", size: "sm", radius: "sm" },
      styles: { root: { textTransform: "none" }, label: { fontWeight: 560 } },
    },
    Button: { defaultProps: { size: "xs" }, styles: { label: { fontWeight: 560 } } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: "md" } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    NumberInput: { defaultProps: { size: "sm" } },
    Textarea: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm" } },
    Switch: { defaultProps: { size: "sm" } },
    SegmentedControl: { defaultProps: { size: "xs" } },
    Tooltip: { defaultProps: { openDelay: 350, withArrow: true } },
    Modal: {
      defaultProps: {
        attributes: PLAIN_HEADER,
        centered: true,
        overlayProps: { backgroundOpacity: 0.45 },
        radius: "lg",
        closeButtonProps: { "aria-label": "Close" },
      },
    },
    Drawer: { defaultProps: { attributes: PLAIN_HEADER, closeButtonProps: { "aria-label": "Close" } } },
    // Else the list has an empty element first, which is no item of a menu; the first item gets the focus.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false, shadow: "md", position: "bottom-end" } },
  },
});
