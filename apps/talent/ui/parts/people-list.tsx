/**
 * People to be.
 */
import { LoadingRows } from "@narrowcast/ui";
import type { FunctionReturnType } from "convex/server";
import type { ReactElement } from "react";
import type { api } from "../../convex/_generated/api.js";

/** Somebody of the demo. */
export type Person = FunctionReturnType<typeof api.demo.people>[number];

/** What {@link PeopleList} takes. */
export interface PeopleListProps {
  readonly people: readonly Person[] | undefined;
  readonly selectedId: string | undefined;
  readonly onChosen: (userId: string) => void;
}

export function PeopleList({ people, selectedId, onChosen }: PeopleListProps): ReactElement {
  if (people === undefined) return <LoadingRows rows={8} label="Loading people" />;
  return (
    <ul className="people">
      {people.map(({ userId, name, headline, adminOf }) => (
        <li key={userId}>
          <button
            type="button"
            className="person"
            aria-current={userId === selectedId ? "true" : undefined}
            onClick={() => onChosen(userId)}
          >
            <span className="person-name">
              {name}
              {adminOf !== null && <span className="tag">admin</span>}
            </span>
            <span className="nc-muted nc-clip">{headline}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
