/**
 * The page: namespaces on the left, then threads or assignments, the chat, and the assignment that it is about.
 *
 * Wide windows show everything side by side, middle ones swap chat and assignment, narrow ones show one thing at a time.
 * Namespaces are subscribed to once, here, and handed down.
 */
import { ActionIcon, SegmentedControl, Tooltip } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { AppFrame, EmptyState, ErrorBoundary } from "@narrowcast/ui";
import { IconFolders, IconLogout, IconMessages } from "@tabler/icons-react";
import { useConvexConnectionState } from "convex/react";
import { useEffect, useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc } from "../../convex/_generated/dataModel.js";
import { goTo, useRoute, type Route } from "../data/route.ts";
import { useLive } from "../data/session.tsx";
import { AssignmentPane } from "./assignment-pane.tsx";
import { ChatView } from "./chat-view.tsx";
import { ChecksButton } from "./checks.tsx";
import { NamespaceSidebar, sortNamespaces } from "./namespace-sidebar.tsx";
import { WorkList } from "./work-list.tsx";

type View = "list" | "chat" | "work";

/** The workspace. `onLeave` forgets the password. */
export function Workspace({ onLeave }: { readonly onLeave: () => void }): ReactElement {
  const route = useRoute();
  const namespaces = useLive(api.namespaces.list, {});
  const namespace =
    namespaces.status === "ready" ? namespaces.value.find((each) => each._id === route.namespaceId) : undefined;
  const first = namespaces.status === "ready" ? sortNamespaces(namespaces.value)[0] : undefined;
  useEffect(() => {
    // An address that names nothing, or something that is gone, leads to the busiest namespace.
    if (namespace === undefined && first !== undefined) goTo({ namespaceId: first._id });
  }, [namespace, first]);
  return (
    <AppFrame
      title="Orchestrator"
      subtitle={<ConnectionNote />}
      sidebarLabel="Namespaces"
      sidebar={(close) => <NamespaceSidebar namespaces={namespaces} selectedId={namespace?._id} onChosen={close} />}
      actions={
        <>
          {namespace !== undefined && <ChecksButton namespace={namespace} />}
          <Tooltip label="Lock">
            <ActionIcon aria-label="Lock" onClick={onLeave}>
              <IconLogout size={17} stroke={1.7} />
            </ActionIcon>
          </Tooltip>
        </>
      }
    >
      {namespace === undefined ? (
        <div className="fill">
          <EmptyState icon={<IconFolders size={28} stroke={1.4} />} title="No namespace chosen">
            A namespace stands for one repository. Choose or create one in the sidebar.
          </EmptyState>
        </div>
      ) : (
        <Columns key={namespace._id} namespace={namespace} route={route} />
      )}
    </AppFrame>
  );
}

/** The columns of one namespace. */
function Columns({ namespace, route }: { readonly namespace: Doc<"namespaces">; readonly route: Route }): ReactElement {
  const isWide = useMediaQuery("(min-width: 82em)", true);
  const isMiddle = useMediaQuery("(min-width: 48em)", true);
  const thread = useLive(api.chatThreads.get, route.threadId === undefined ? "skip" : { id: route.threadId });
  const linked = thread.status === "ready" ? thread.value?.assignmentId : undefined;
  const assignmentId = route.assignmentId ?? linked;
  const [view, setView] = useState<View>(() => startView(route));
  const [listTab, setListTab] = useState<"threads" | "assignments">(
    route.assignmentId === undefined ? "threads" : "assignments",
  );
  useEffect(() => setView(startView(route)), [route.threadId, route.assignmentId]);

  const list = (
    <section className="column list-column" aria-label="Threads and assignments">
      <WorkList namespaceId={namespace._id} route={route} tab={listTab} onTab={setListTab} />
    </section>
  );
  const chat = (
    <section className="column chat-column" aria-label="Chat">
      {route.threadId === undefined ? (
        <EmptyState icon={<IconMessages size={28} stroke={1.4} />} title="No thread open">
          Choose a thread, or start one to talk to an agent.
        </EmptyState>
      ) : (
        <ErrorBoundary key={route.threadId} title="The chat cannot be shown">
          <ChatView threadId={route.threadId} thread={thread} onRemoved={() => goTo({ namespaceId: namespace._id })} />
        </ErrorBoundary>
      )}
    </section>
  );
  const work = (
    <section className="column work-column" aria-label="Assignment">
      {assignmentId === undefined ? (
        <NoAssignment hasThread={route.threadId !== undefined} />
      ) : (
        <ErrorBoundary key={assignmentId} title="The assignment cannot be shown">
          <AssignmentPane id={assignmentId} namespaceId={namespace._id} />
        </ErrorBoundary>
      )}
    </section>
  );
  if (isWide) {
    const onlyWork = route.threadId === undefined && assignmentId !== undefined;
    return (
      <div className="columns">
        {list}
        {!onlyWork && chat}
        {(onlyWork || assignmentId !== undefined) && work}
      </div>
    );
  }
  return <SwappedColumns isMiddle={isMiddle} view={view} onView={setView} list={list} chat={chat} work={work} />;
}

interface SwappedColumnsProps {
  /** Wide enough for the list beside one of the other two. */
  readonly isMiddle: boolean;
  readonly view: View;
  readonly onView: (view: View) => void;
  readonly list: ReactElement;
  readonly chat: ReactElement;
  readonly work: ReactElement;
}

/** One column at a time, with a switch; on a middle-sized window the list stays. */
function SwappedColumns({ isMiddle, view, onView, list, chat, work }: SwappedColumnsProps): ReactElement {
  const shown = isMiddle && view === "list" ? "chat" : view;
  const views = [
    ...(isMiddle ? [] : [{ value: "list" as const, label: "List" }]),
    { value: "chat" as const, label: "Chat" },
    { value: "work" as const, label: "Assignment" },
  ];
  return (
    <div className="columns">
      {isMiddle && list}
      <div className="swapped">
        <div className="swap-bar">
          <SegmentedControl fullWidth aria-label="What is shown" data={views} value={shown} onChange={onView} />
        </div>
        {{ list, chat, work }[shown]}
      </div>
    </div>
  );
}

function startView(route: Route): View {
  if (route.threadId !== undefined) return "chat";
  return route.assignmentId === undefined ? "list" : "work";
}

function NoAssignment({ hasThread }: { readonly hasThread: boolean }): ReactElement {
  return (
    <EmptyState title="No assignment">
      {hasThread ? "Link this thread to an assignment from its menu." : "Choose an assignment from the list."}
    </EmptyState>
  );
}

/** Says when the connection is down; silent while all is well. */
function ConnectionNote(): ReactElement | null {
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  const [isLate, setLate] = useState(false);
  useEffect(() => {
    if (isWebSocketConnected) return setLate(false);
    const timer = setTimeout(() => setLate(true), 1_500);
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
