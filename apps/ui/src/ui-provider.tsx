/**
 * The outermost part of every page: theme and colour scheme. The scheme follows the system until somebody chooses.
 */
import { MantineProvider } from "@mantine/core";
import { contrastVariables } from "./filled-contrast.ts";
import type { ReactElement, ReactNode } from "react";
import { theme } from "./theme.ts";

/** Wraps a page. */
export function UiProvider({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <MantineProvider theme={theme} cssVariablesResolver={contrastVariables} defaultColorScheme="auto">
      {children}
    </MantineProvider>
  );
}
