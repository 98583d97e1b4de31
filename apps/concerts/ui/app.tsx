/**
 * Lists on the left and a show beside them, or the jobs' board. Narrow windows show one thing at a time.
 */
import { AppFrame, ErrorBoundary } from "@narrowcast/ui";
import { useConvexConnectionState } from "convex/react";
import type { ReactElement } from "react";
import { usePerson } from "./data/person.ts";
import { hashOf, useRoute } from "./data/route.ts";
import { ArtistShows } from "./parts/artist-shows.tsx";
import { JobBoard } from "./parts/job-board.tsx";
import { ShowPage } from "./parts/show-page.tsx";
import { TrendingLists } from "./parts/trending-lists.tsx";
import { Welcome } from "./parts/welcome.tsx";

/** The page. `adminKey` is what operators' calls give; without one the board only shows. */
export function App({ adminKey }: { readonly adminKey: string }): ReactElement {
  const route = useRoute();
  const person = usePerson();
  const isBoard = route.view === "jobs";
  return (
    <AppFrame
      title="Concerts"
      subtitle={<ConnectionNote />}
      actions={
        <nav aria-label="Parts of the site" className="views">
          <a href={hashOf({ view: "trending" })} aria-current={isBoard ? undefined : "page"}>
            Shows
          </a>
          <a href={hashOf({ view: "jobs" })} aria-current={isBoard ? "page" : undefined}>
            Jobs
          </a>
        </nav>
      }
    >
      {isBoard ? (
        <ErrorBoundary title="The jobs cannot be shown">
          <JobBoard adminKey={adminKey} />
        </ErrorBoundary>
      ) : (
        <div className="columns" data-open={route.view === "trending" ? undefined : ""}>
          <section className="column list-column" aria-label="Trending">
            <ErrorBoundary title="The lists cannot be shown">
              <TrendingLists route={route} />
            </ErrorBoundary>
          </section>
          <section className="column detail-column" aria-label="Details">
            {route.view === "trending" && <Welcome />}
            {route.view === "show" && (
              <ErrorBoundary key={route.slug} title="The show cannot be shown">
                <ShowPage slug={route.slug} person={person} />
              </ErrorBoundary>
            )}
            {route.view === "artist" && (
              <ErrorBoundary key={route.slug} title="The artist cannot be shown">
                <ArtistShows slug={route.slug} />
              </ErrorBoundary>
            )}
          </section>
        </div>
      )}
    </AppFrame>
  );
}

/** Says so while there is no connection; otherwise nothing. */
function ConnectionNote(): ReactElement | null {
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  if (isWebSocketConnected) return null;
  return (
    <span className="nc-muted connection" role="status">
      {hasEverConnected ? "Reconnecting" : "Connecting"}
    </span>
  );
}
