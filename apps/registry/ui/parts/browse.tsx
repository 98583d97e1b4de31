/**
 * The list: order, direction, filters and pages. All of it is one live query a page.
 */
import { ActionIcon, Button, Checkbox, NativeSelect, Tooltip } from "@mantine/core";
import { EmptyState, LoadingRows } from "@narrowcast/ui";
import { IconSortAscending, IconSortDescending, IconPackageOff } from "@tabler/icons-react";
import { usePaginatedQuery, useQuery } from "convex/react";
import { useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { ListDirection, ListSort } from "../../convex/model/fields.ts";
import { SkillRow } from "./skill-row.tsx";

const PAGE = 12;
const SORTS: readonly { readonly value: ListSort; readonly label: string; readonly dir: ListDirection }[] = [
  { value: "newest", label: "Newest", dir: "desc" },
  { value: "updated", label: "Last updated", dir: "desc" },
  { value: "downloads", label: "Downloads", dir: "desc" },
  { value: "installs", label: "Installs", dir: "desc" },
  { value: "stars", label: "Stars", dir: "desc" },
  { value: "name", label: "Name", dir: "asc" },
];

interface Question {
  readonly sort: ListSort;
  readonly dir: ListDirection;
  readonly highlightedOnly: boolean;
  readonly nonSuspiciousOnly: boolean;
}

/** The list with its controls. */
export function Browse({ selected }: { readonly selected: string | undefined }): ReactElement {
  const [question, setQuestion] = useState<Question>({
    sort: "newest",
    dir: "desc",
    highlightedOnly: false,
    nonSuspiciousOnly: true,
  });
  return (
    <div className="browse">
      <Controls question={question} onChange={setQuestion} />
      <Pages key={JSON.stringify(question)} question={question} selected={selected} />
    </div>
  );
}

function Controls({
  question,
  onChange,
}: {
  readonly question: Question;
  readonly onChange: (question: Question) => void;
}): ReactElement {
  const isAscending = question.dir === "asc";
  const turn = isAscending ? "Ascending. Turn to descending" : "Descending. Turn to ascending";
  return (
    <div className="controls" role="group" aria-label="Order and filters">
      <div className="controls-order">
        <NativeSelect
          aria-label="Order by"
          size="xs"
          value={question.sort}
          data={SORTS.map(({ value, label }) => ({ value, label }))}
          onChange={(event) => {
            const chosen = SORTS.find(({ value }) => value === event.currentTarget.value)!;
            onChange({ ...question, sort: chosen.value, dir: chosen.dir });
          }}
        />
        <Tooltip label={turn}>
          <ActionIcon
            aria-label={turn}
            onClick={() => onChange({ ...question, dir: isAscending ? "desc" : "asc" })}
            variant="default"
            size={30}
          >
            {isAscending ? <IconSortAscending size={16} /> : <IconSortDescending size={16} />}
          </ActionIcon>
        </Tooltip>
      </div>
      <Checkbox
        size="xs"
        label="Hide suspicious"
        checked={question.nonSuspiciousOnly}
        onChange={(event) => onChange({ ...question, nonSuspiciousOnly: event.currentTarget.checked })}
      />
      <Checkbox
        size="xs"
        label="Highlighted"
        checked={question.highlightedOnly}
        onChange={(event) => onChange({ ...question, highlightedOnly: event.currentTarget.checked })}
      />
      <Total />
    </div>
  );
}

/** The kept number of public skills; it follows every publication. */
function Total(): ReactElement | null {
  const total = useQuery(api.globalStats.activeSkills, {});
  if (total === undefined || total === null) return null;
  return (
    <span className="controls-total nc-muted nc-numbers" role="status">
      {total} public skills
    </span>
  );
}

function Pages({
  question,
  selected,
}: {
  readonly question: Question;
  readonly selected: string | undefined;
}): ReactElement {
  const { results, status, loadMore } = usePaginatedQuery(api.skills.listPublicPageV2, question, {
    initialNumItems: PAGE,
  });
  if (status === "LoadingFirstPage") return <LoadingRows rows={6} height={84} label="Loading skills" />;
  if (results.length === 0 && status === "Exhausted") {
    return (
      <EmptyState icon={<IconPackageOff size={28} stroke={1.4} />} title="Nothing here">
        No skill fits these filters.
      </EmptyState>
    );
  }
  return (
    <>
      <ul className="plain-list skills" aria-label="Skills">
        {results.map((entry) => (
          <SkillRow key={entry.skill._id} entry={entry} isSelected={entry.skill.slug === selected} />
        ))}
      </ul>
      <div className="more">
        {status === "Exhausted" ? (
          <span className="nc-muted">That is all: {results.length} skills.</span>
        ) : (
          <Button variant="default" loading={status === "LoadingMore"} onClick={() => loadMore(PAGE)}>
            Show more
          </Button>
        )}
      </div>
    </>
  );
}
