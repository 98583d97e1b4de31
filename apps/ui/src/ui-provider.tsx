/**
 * The outermost part of every page: theme and colour scheme. The scheme follows the system until somebody chooses.
 */
import { MantineProvider } from "@mantine/core";
import type { ReactElement, ReactNode } from "react";
import { theme } from "./theme.ts";

/** Wraps a page. */
export function UiProvider({ children }: { readonly children: ReactNode }): ReactElement {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      {children}
    </MantineProvider>
  );
}
