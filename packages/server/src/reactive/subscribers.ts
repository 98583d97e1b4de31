/**
 * A set of subscriber numbers that is usually one number.
 *
 * Most documents and ranges are watched by one live query; a `Set` for each would cost ~200 bytes. So one subscriber is
 * the bare number and only the second one makes a `Set`.
 *
 * Invariant: subscriber numbers are >= 0; a `Set` in here holds at least two.
 *
 * @module
 */

/** `NOBODY`, one subscriber's number, or a set of several. */
export type Subscribers = number | Set<number>;

/** The empty set. */
export const NOBODY = -1;

/** The set with `subscriber`; may be the same object, changed. */
export function withSubscriber(all: Subscribers, subscriber: number): Subscribers {
  if (typeof all !== "number") return all.add(subscriber);
  if (all === NOBODY || all === subscriber) return subscriber;
  return new Set([all, subscriber]);
}

/** The set without `subscriber`; may be the same object, changed. */
export function withoutSubscriber(all: Subscribers, subscriber: number): Subscribers {
  if (typeof all === "number") return all === subscriber ? NOBODY : all;
  all.delete(subscriber);
  if (all.size > 1) return all;
  for (const last of all) return last;
  return NOBODY;
}

/** Adds every subscriber of `all` to `into`. */
export function addAllTo(into: Set<number>, all: Subscribers): void {
  if (typeof all === "number") {
    if (all !== NOBODY) into.add(all);
    return;
  }
  for (const subscriber of all) into.add(subscriber);
}
