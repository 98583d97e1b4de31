/**
 * The frame of every page: a slim header, a sidebar that becomes a drawer on narrow screens, and the content.
 */
import { AppShell, Burger, Group, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { ReactElement, ReactNode } from "react";
import { ColorSchemeSwitch } from "./color-scheme-switch.tsx";

/** What a page puts into the frame. */
export interface AppFrameProps {
  readonly title: string;
  /** Beside the title. */
  readonly subtitle?: ReactNode;
  /** On the right of the header, before the colour switch. */
  readonly actions?: ReactNode;
  /** The sidebar; `close` hides it on a narrow screen, to be called when something was chosen. */
  readonly sidebar?: (close: () => void) => ReactNode;
  readonly sidebarLabel?: string;
  readonly children: ReactNode;
}

/** The frame. Content fills the window and scrolls by its own parts. */
export function AppFrame({
  title,
  subtitle,
  actions,
  sidebar,
  sidebarLabel = "Sidebar",
  children,
}: AppFrameProps): ReactElement {
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const navbar =
    sidebar === undefined ? {} : { navbar: { width: 272, breakpoint: "md", collapsed: { mobile: !isOpen } } };
  return (
    <AppShell header={{ height: 48 }} {...navbar} padding={0}>
      <a className="nc-skip" href="#content">
        Skip to the content
      </a>
      <AppShell.Header style={{ background: "var(--nc-surface)", borderColor: "var(--nc-line)" }}>
        <Group h="100%" px="sm" gap="sm" wrap="nowrap" justify="space-between">
          <Group gap="sm" wrap="nowrap" style={{ minWidth: 0 }}>
            {sidebar !== undefined && (
              <Burger
                opened={isOpen}
                onClick={toggle}
                hiddenFrom="md"
                size="sm"
                aria-label={isOpen ? `Close ${sidebarLabel}` : `Open ${sidebarLabel}`}
              />
            )}
            <Text component="h1" fw={650} size="md" m={0} style={{ whiteSpace: "nowrap" }}>
              {title}
            </Text>
            {subtitle}
          </Group>
          <Group gap={4} wrap="nowrap">
            {actions}
            <ColorSchemeSwitch />
          </Group>
        </Group>
      </AppShell.Header>
      {sidebar !== undefined && (
        <AppShell.Navbar
          aria-label={sidebarLabel}
          className="nc-sidebar"
          data-closed={isOpen ? undefined : ""}
          style={{ background: "var(--nc-sunken)", borderColor: "var(--nc-line)" }}
        >
          {sidebar(close)}
        </AppShell.Navbar>
      )}
      <AppShell.Main id="content" h="100dvh">
        {children}
      </AppShell.Main>
    </AppShell>
  );
}
