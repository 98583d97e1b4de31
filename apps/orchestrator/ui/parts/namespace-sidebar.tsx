/**
 * The namespaces as cards with their four counts, searchable, those with work to do first.
 */
import { ActionIcon, Button, Modal, ScrollArea, Stack, Text, TextInput, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { EmptyState, ErrorNotice, LoadingRows, RelativeTime, type Status } from "@narrowcast/ui";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc, Id } from "../../convex/_generated/dataModel.js";
import { formatRoute, goTo } from "../data/route.ts";
import { useAct, type Live } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";

type Namespace = Doc<"namespaces">;

const COUNTS: readonly {
  readonly status: Status & keyof NonNullable<Namespace["assignmentCounts"]>;
  readonly letter: string;
}[] = [
  { status: "active", letter: "active" },
  { status: "pending", letter: "pending" },
  { status: "blocked", letter: "blocked" },
  { status: "complete", letter: "done" },
];

/** Most work (active and pending) first, then the latest change. */
export function sortNamespaces(namespaces: readonly Namespace[]): Namespace[] {
  const work = ({ assignmentCounts }: Namespace) => (assignmentCounts?.active ?? 0) + (assignmentCounts?.pending ?? 0);
  return namespaces.toSorted((a, b) => work(b) - work(a) || b.updatedAt - a.updatedAt);
}

/** What {@link NamespaceSidebar} takes. */
export interface NamespaceSidebarProps {
  readonly namespaces: Live<Namespace[]>;
  readonly selectedId: Id<"namespaces"> | undefined;
  readonly onChosen: () => void;
}

/** The sidebar. */
export function NamespaceSidebar({ namespaces, selectedId, onChosen }: NamespaceSidebarProps): ReactElement {
  const [search, setSearch] = useState("");
  const [isCreating, { open, close }] = useDisclosure(false);
  const wanted = search.trim().toLowerCase();
  return (
    <>
      <div className="sidebar-head">
        <TextInput
          aria-label="Search namespaces"
          placeholder="Search namespaces"
          size="xs"
          leftSection={<IconSearch size={14} />}
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          style={{ flex: 1 }}
        />
        <Tooltip label="New namespace">
          <ActionIcon aria-label="New namespace" onClick={open} variant="default" size={30}>
            <IconPlus size={16} />
          </ActionIcon>
        </Tooltip>
      </div>
      <ScrollArea className="fill" type="auto" scrollbarSize={8}>
        {namespaces.status === "loading" && <LoadingRows height={64} label="Loading namespaces" />}
        {namespaces.status === "failed" && (
          <ErrorNotice title="Namespaces cannot be read" message={namespaces.message} />
        )}
        {namespaces.status === "ready" && (
          <NamespaceCards
            namespaces={sortNamespaces(namespaces.value).filter((each) => matches(each, wanted))}
            isFiltered={wanted !== ""}
            selectedId={selectedId}
            onChosen={onChosen}
          />
        )}
      </ScrollArea>
      <Modal opened={isCreating} onClose={close} title="New namespace">
        <CreateNamespace
          onCreated={(namespaceId) => {
            close();
            onChosen();
            goTo({ namespaceId });
          }}
        />
      </Modal>
    </>
  );
}

function matches(namespace: Namespace, wanted: string): boolean {
  return `${namespace.name} ${namespace.description ?? ""}`.toLowerCase().includes(wanted);
}

interface NamespaceCardsProps {
  readonly namespaces: readonly Namespace[];
  readonly isFiltered: boolean;
  readonly selectedId: Id<"namespaces"> | undefined;
  readonly onChosen: () => void;
}

function NamespaceCards({ namespaces, isFiltered, selectedId, onChosen }: NamespaceCardsProps): ReactElement {
  if (namespaces.length === 0) {
    return isFiltered ? (
      <EmptyState title="Nothing found">No namespace has that in its name or description.</EmptyState>
    ) : (
      <EmptyState title="No namespaces yet">Create one for each repository that agents work on.</EmptyState>
    );
  }
  return (
    <ul className="plain-list sidebar-list">
      {namespaces.map((namespace) => (
        <li key={namespace._id}>
          <a
            className="card-link"
            href={formatRoute({ namespaceId: namespace._id })}
            aria-current={namespace._id === selectedId ? "page" : undefined}
            onClick={onChosen}
          >
            <span className="card-line">
              <Text component="span" fw={600} size="sm" className="nc-clip">
                {namespace.name}
              </Text>
              <Text component="span" size="xs">
                <RelativeTime time={namespace.updatedAt} />
              </Text>
            </span>
            {namespace.description !== undefined && (
              <Text component="span" size="xs" className="nc-muted nc-clip" display="block">
                {namespace.description}
              </Text>
            )}
            <Counts counts={namespace.assignmentCounts} />
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The four counts; one that is zero steps back. */
function Counts({ counts }: { readonly counts: Namespace["assignmentCounts"] }): ReactElement {
  if (counts === undefined) {
    return (
      <Text component="span" size="xs" className="nc-muted" mt={6} display="block">
        Not counted yet
      </Text>
    );
  }
  return (
    <span className="counts">
      {COUNTS.map(({ status, letter }) => (
        <span
          key={status}
          className="count nc-numbers"
          data-state={status}
          data-zero={counts[status] === 0 ? "" : undefined}
          title={`${counts[status]} ${status}`}
        >
          <b>{counts[status]}</b> {letter}
        </span>
      ))}
    </span>
  );
}

function CreateNamespace({ onCreated }: { readonly onCreated: (id: Id<"namespaces">) => void }): ReactElement {
  const create = useAct(api.namespaces.create);
  const task = useTask();
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const about = description.trim();
    void task.run(async () =>
      onCreated(await create({ name: name.trim(), ...(about === "" ? {} : { description: about }) })),
    );
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label="Name"
          description="Usually the name of the repository"
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={task.error}
        />
        <TextInput
          label="Description"
          value={description}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Button type="submit" loading={task.isBusy} disabled={name.trim() === ""} style={{ alignSelf: "flex-end" }}>
          Create namespace
        </Button>
      </Stack>
    </form>
  );
}
