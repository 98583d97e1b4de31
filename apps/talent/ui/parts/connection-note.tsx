/**
 * Says when the connection is down; silent while all is well.
 */
import { useConvexConnectionState } from "convex/react";
import { useEffect, useState, type ReactElement } from "react";

/** Shorter gaps concern nobody. */
const LATE_MS = 1_500;

export function ConnectionNote(): ReactElement | null {
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (isWebSocketConnected) return setLate(false);
    const timer = setTimeout(() => setLate(true), LATE_MS);
    return () => clearTimeout(timer);
  }, [isWebSocketConnected]);
  if (isWebSocketConnected || !isLate) return null;
  return (
    <span className="nc-state" data-state="blocked" role="status">
      <span className="nc-dot" data-shape="square" aria-hidden="true" />
      {hasEverConnected ? "Reconnecting" : "Connecting"}
    </span>
  );
}
