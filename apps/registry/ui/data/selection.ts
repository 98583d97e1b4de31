/**
 * The skill that is open, in the address: `#/skills/release-notes`.
 */
import { useSyncExternalStore } from "react";

const PREFIX = "#/skills/";

/** The address of a skill. */
export function skillHash(slug: string): string {
  return `${PREFIX}${encodeURIComponent(slug)}`;
}

/** Opens a skill, or none. */
export function openSkill(slug: string | undefined): void {
  if (slug === undefined) history.replaceState(null, "", location.pathname + location.search);
  else history.replaceState(null, "", skillHash(slug));
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The slug of the open skill. */
export function useOpenSkill(): string | undefined {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return hash.startsWith(PREFIX) ? decodeURIComponent(hash.slice(PREFIX.length)) : undefined;
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}
