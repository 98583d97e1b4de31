/**
 * A button that steps through: as the system says, light, dark.
 */
import { ActionIcon, Tooltip, useMantineColorScheme, type MantineColorScheme } from "@mantine/core";
import { IconDeviceDesktop, IconMoon, IconSun } from "@tabler/icons-react";
import type { ReactElement } from "react";

const STEPS = {
  auto: { next: "light", name: "as the system", Icon: IconDeviceDesktop },
  light: { next: "dark", name: "light", Icon: IconSun },
  dark: { next: "auto", name: "dark", Icon: IconMoon },
} as const satisfies Record<MantineColorScheme, object>;

/** Shows the present choice; a click takes the next. */
export function ColorSchemeSwitch(): ReactElement {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, name, Icon } = STEPS[colorScheme];
  const label = `Colours: ${name}. Change to ${STEPS[next].name}`;
  return (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={() => setColorScheme(next)}>
        <Icon size={17} stroke={1.7} />
      </ActionIcon>
    </Tooltip>
  );
}
