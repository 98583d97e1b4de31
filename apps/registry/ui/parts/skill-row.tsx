/**
 * A skill in the list.
 */
import { Badge } from "@mantine/core";
import { compactNumber, RelativeTime } from "@narrowcast/ui";
import { IconDownload, IconPackage, IconStar } from "@tabler/icons-react";
import type { ReactElement, ReactNode } from "react";
import type { ListEntry } from "../../convex/model/listEntries.ts";
import { skillHash } from "../data/selection.ts";

/** One row; it leads to the skill. */
export function SkillRow({
  entry,
  isSelected,
}: {
  readonly entry: ListEntry;
  readonly isSelected: boolean;
}): ReactElement {
  const { skill, latestVersion, ownerHandle } = entry;
  const { downloads, stars, installsAllTime = 0 } = skill.stats;
  return (
    <li>
      <a className="skill" href={skillHash(skill.slug)} aria-current={isSelected ? "true" : undefined}>
        <span className="skill-head">
          <span className="skill-name">{skill.displayName}</span>
          {latestVersion !== null && <span className="nc-muted nc-numbers skill-version">{latestVersion.version}</span>}
          <SkillBadges badges={skill.badges} />
        </span>
        {skill.summary !== undefined && <span className="skill-summary">{skill.summary}</span>}
        <span className="skill-meta nc-muted">
          {ownerHandle !== null && <span className="nc-clip">@{ownerHandle}</span>}
          <Count icon={<IconDownload size={13} />} value={downloads} name="downloads" />
          <Count icon={<IconPackage size={13} />} value={installsAllTime} name="installs" />
          <Count icon={<IconStar size={13} />} value={stars} name="stars" />
          <span className="skill-time">
            <RelativeTime time={skill.updatedAt} />
          </span>
        </span>
      </a>
    </li>
  );
}

/** The badges that people should see. */
export function SkillBadges({ badges }: { readonly badges: ListEntry["skill"]["badges"] }): ReactElement | null {
  if (badges === undefined) return null;
  return (
    <>
      {badges.official !== undefined && (
        <Badge color="gray" variant="outline">
          official
        </Badge>
      )}
      {badges.highlighted !== undefined && <Badge>highlighted</Badge>}
      {badges.deprecated !== undefined && <Badge color="gray">deprecated</Badge>}
    </>
  );
}

function Count({
  icon,
  value,
  name,
}: {
  readonly icon: ReactNode;
  readonly value: number;
  readonly name: string;
}): ReactElement {
  return (
    <span className="count nc-numbers" title={`${value} ${name}`}>
      {icon}
      <span aria-hidden="true">{compactNumber(value)}</span>
      <span className="nc-heard">
        {value} {name}
      </span>
    </span>
  );
}
