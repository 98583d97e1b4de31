/**
 * The right side before anything is chosen.
 */
import { EmptyState } from "@narrowcast/ui";
import { IconMusic } from "@tabler/icons-react";
import type { ReactElement } from "react";

/** What to do here. */
export function Welcome(): ReactElement {
  return (
    <EmptyState icon={<IconMusic size={28} stroke={1.4} />} title="Which songs will they play?">
      Choose a show to see its predicted setlist, and say what you want to hear.
    </EmptyState>
  );
}
