/**
 * The page: somebody to be on the left, and what the network has for them.
 *
 * There is no sign-in here: the chosen person's id goes with every call, which the functions accept because the deployment is a demo.
 */
import { AppFrame, EmptyState, ErrorBoundary, LoadingRows } from "@narrowcast/ui";
import { IconUsers } from "@tabler/icons-react";
import { useQuery } from "convex/react";
import { useState, type ReactElement } from "react";
import { api } from "../convex/_generated/api.js";
import { AttendanceSection } from "./parts/attendance-section.tsx";
import { ConnectionNote } from "./parts/connection-note.tsx";
import { MailSection } from "./parts/mail-section.tsx";
import { MatchesSection } from "./parts/matches-section.tsx";
import { PeopleList, type Person } from "./parts/people-list.tsx";
import { ProgramsSection } from "./parts/programs-section.tsx";
import { PromptsSection } from "./parts/prompts-section.tsx";
import "./page.css";

/** The page below its providers. */
export function App(): ReactElement {
  return (
    <ErrorBoundary title="The page cannot be shown">
      <Network />
    </ErrorBoundary>
  );
}

function Network(): ReactElement {
  const people = useQuery(api.demo.people);
  const [chosen, choose] = useState<string>();
  const person = people?.find(({ userId }) => userId === chosen) ?? people?.[0];
  return (
    <AppFrame
      title="Talent network"
      subtitle={<ConnectionNote />}
      sidebarLabel="People"
      sidebar={(close) => (
        <PeopleList
          people={people}
          selectedId={person?.userId}
          onChosen={(userId) => {
            choose(userId);
            close();
          }}
        />
      )}
    >
      {people === undefined && <LoadingRows rows={6} height={56} label="Loading people" />}
      {people?.length === 0 && (
        <EmptyState icon={<IconUsers size={28} stroke={1.4} />} title="Nobody to be">
          Either this deployment is no demo (its variable DEMO is not set), or it has no data yet: run seed:demo.
        </EmptyState>
      )}
      {person !== undefined && <Sections key={person.userId} person={person} />}
    </AppFrame>
  );
}

function Sections({ person }: { readonly person: Person }): ReactElement {
  const { userId, name, headline, adminOf } = person;
  return (
    <div className="page">
      <header className="page-head">
        <h2>{name}</h2>
        <p className="nc-muted">{headline}</p>
      </header>
      <div className="sections">
        <div className="stack">
          <ErrorBoundary title="Matches cannot be shown">
            <MatchesSection userId={userId} />
          </ErrorBoundary>
        </div>
        <div className="stack">
          <ErrorBoundary title="Questions cannot be shown">
            <PromptsSection userId={userId} />
          </ErrorBoundary>
          <ErrorBoundary title="The history cannot be shown">
            <AttendanceSection userId={userId} />
          </ErrorBoundary>
        </div>
        <div className="stack">
          <ErrorBoundary title="The outbox cannot be shown">
            <MailSection userId={userId} />
          </ErrorBoundary>
          {adminOf !== null && (
            <ErrorBoundary title="Programs cannot be shown">
              <ProgramsSection userId={userId} orgId={adminOf} />
            </ErrorBoundary>
          )}
        </div>
      </div>
    </div>
  );
}
