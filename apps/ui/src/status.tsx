/**
 * A state as a dot with its word. Shape and word tell it as well as the colour does.
 */
import type { ReactElement } from "react";

/** Every state that a page of this project shows. */
export type Status =
  | "pending"
  | "active"
  | "running"
  | "blocked"
  | "complete"
  | "failed"
  | "aligned"
  | "uncertain"
  | "misaligned";

const SHAPES: Record<Status, string> = {
  pending: "ring",
  active: "live",
  running: "live",
  blocked: "square",
  complete: "round",
  failed: "diamond",
  aligned: "round",
  uncertain: "square",
  misaligned: "diamond",
};

/** The dot alone; `label` is read aloud and shown as a hint. */
export function StatusDot({
  status,
  label = status,
}: {
  readonly status: Status;
  readonly label?: string;
}): ReactElement {
  return (
    <span
      className="nc-dot"
      data-state={status}
      data-shape={SHAPES[status]}
      role="img"
      aria-label={label}
      title={label}
    />
  );
}

/** Dot and word. */
export function StatusBadge({
  status,
  label = status,
}: {
  readonly status: Status;
  readonly label?: string;
}): ReactElement {
  return (
    <span className="nc-state" data-state={status}>
      <span className="nc-dot" data-shape={SHAPES[status]} aria-hidden="true" />
      {label}
    </span>
  );
}
