/**
 * One card of the page: a heading, something on its right, and content.
 */
import type { ReactElement, ReactNode } from "react";

/** What {@link Section} takes. */
export interface SectionProps {
  readonly title: string;
  /** On the right of the heading: a count, a button. */
  readonly aside?: ReactNode;
  readonly children: ReactNode;
}

/** The card. Its heading names it for screen readers. */
export function Section({ title, aside, children }: SectionProps): ReactElement {
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h3>{title}</h3>
        {aside}
      </div>
      {children}
    </section>
  );
}
