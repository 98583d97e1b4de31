/**
 * Where the page is: a namespace and perhaps a thread or an assignment, in the address's hash, so that it can be shared,
 * reloaded and gone back from.
 */
import { useSyncExternalStore } from "react";
import type { Id } from "../../convex/_generated/dataModel.js";

/** A place in the page. */
export interface Route {
  readonly namespaceId?: Id<"namespaces">;
  readonly threadId?: Id<"chatThreads">;
  readonly assignmentId?: Id<"assignments">;
}

/** The present place. */
export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, readHash, () => "");
  return parseRoute(hash);
}

/** Goes to a place. */
export function goTo(route: Route): void {
  location.hash = formatRoute(route);
}

/** `#/<namespace>/thread/<id>`, `#/<namespace>/assignment/<id>`, `#/<namespace>`. */
export function formatRoute({ namespaceId, threadId, assignmentId }: Route): string {
  if (namespaceId === undefined) return "#/";
  if (threadId !== undefined) return `#/${namespaceId}/thread/${threadId}`;
  if (assignmentId !== undefined) return `#/${namespaceId}/assignment/${assignmentId}`;
  return `#/${namespaceId}`;
}

/** The place that a hash names; what it does not understand is left out. */
export function parseRoute(hash: string): Route {
  const [namespaceId, kind, id] = hash.replace(/^#\/?/u, "").split("/");
  if (namespaceId === undefined || namespaceId === "") return {};
  const route = { namespaceId: namespaceId as Id<"namespaces"> };
  if (id === undefined || id === "") return route;
  if (kind === "thread") return { ...route, threadId: id as Id<"chatThreads"> };
  return kind === "assignment" ? { ...route, assignmentId: id as Id<"assignments"> } : route;
}

function subscribe(onChange: () => void): () => void {
  addEventListener("hashchange", onChange);
  return () => removeEventListener("hashchange", onChange);
}

function readHash(): string {
  return location.hash;
}
