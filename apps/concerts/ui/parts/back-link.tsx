/**
 * The way back to the lists; seen on narrow windows only.
 */
import { IconChevronLeft } from "@tabler/icons-react";
import type { ReactElement } from "react";
import { hashOf } from "../data/route.ts";

export function BackLink(): ReactElement {
  return (
    <a className="back-link" href={hashOf({ view: "trending" })}>
      <IconChevronLeft size={16} aria-hidden="true" />
      Trending
    </a>
  );
}
