/**
 * Where the page is, in the address's hash, so that it can be shared, reloaded and gone back from.
 */
import { useSyncExternalStore } from "react";

/** A place in the page. */
export type Route =
  | { readonly view: "trending" }
  | { readonly view: "show"; readonly slug: string }
  | { readonly view: "artist"; readonly slug: string }
  | { readonly view: "jobs" };

/** The present place. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, readHash, () => ""));
}

/** `#/show/<slug>`, `#/artist/<slug>`, `#/jobs`, `#/`. */
export function hashOf(route: Route): string {
  return "slug" in route ? `#/${route.view}/${route.slug}` : route.view === "jobs" ? "#/jobs" : "#/";
}

/** The place that a hash names; what it does not understand is the list. */
export function parseRoute(hash: string): Route {
  const [view, slug] = hash.replace(/^#\/?/u, "").split("/");
  if (view === "jobs") return { view };
  if ((view === "show" || view === "artist") && slug !== undefined && slug !== "") return { view, slug };
  return { view: "trending" };
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}

function readHash(): string {
  return location.hash;
}
