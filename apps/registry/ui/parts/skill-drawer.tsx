/**
 * One skill: what it is, its versions, and what a person can do with it. It has a subscription of its own while it is open.
 */
import { Alert, Badge, Button, Drawer, Group } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { EmptyState, ErrorBoundary, ErrorNotice, KeyValue, LoadingRows, RelativeTime, useTask } from "@narrowcast/ui";
import { IconDownload, IconEyeOff, IconStar, IconStarFilled, IconUpload } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { SkillDetail } from "../../convex/model/detail.ts";
import { PublishDialog } from "./publish-dialog.tsx";
import { ReportButton } from "./report-button.tsx";
import { SkillBadges } from "./skill-row.tsx";
import { VersionList } from "./version-list.tsx";

/** The drawer; closed while there is no slug. */
export function SkillDrawer({
  slug,
  onClose,
}: {
  readonly slug: string | undefined;
  readonly onClose: () => void;
}): ReactElement {
  return (
    <Drawer
      opened={slug !== undefined}
      onClose={onClose}
      position="right"
      size="lg"
      title={<span className="drawer-title">{slug ?? ""}</span>}
    >
      {slug !== undefined && (
        <ErrorBoundary key={slug} title="The skill cannot be shown">
          <OpenSkill slug={slug} />
        </ErrorBoundary>
      )}
    </Drawer>
  );
}

function OpenSkill({ slug }: { readonly slug: string }): ReactElement {
  const detail = useQuery(api.skills.getBySlug, { slug });
  if (detail === undefined) return <LoadingRows label="Loading the skill" />;
  if (detail === null) {
    return (
      <EmptyState icon={<IconEyeOff size={28} stroke={1.4} />} title="Not public">
        It is being scanned, was hidden, or does not exist. This changes by itself.
      </EmptyState>
    );
  }
  return <Detail detail={detail} />;
}

function Detail({ detail }: { readonly detail: SkillDetail }): ReactElement {
  const { skill, ownerHandle, latestVersion } = detail.entry;
  return (
    <div className="detail">
      <Group gap={8}>
        <h2>{skill.displayName}</h2>
        {latestVersion !== null && (
          <Badge color="gray" variant="outline">
            {latestVersion.version}
          </Badge>
        )}
        <SkillBadges badges={skill.badges} />
      </Group>
      {detail.isSuspicious && (
        <Alert color="orange" variant="light" title="Suspicious">
          A scan found something that somebody should look at. Read it before you install it.
        </Alert>
      )}
      {skill.summary !== undefined && <p>{skill.summary}</p>}
      <Actions detail={detail} />
      <KeyValue
        entries={[
          ["Owner", ownerHandle === null ? undefined : `@${ownerHandle}`],
          ["Stars", detail.stars],
          ["Downloads", detail.downloads.toLocaleString()],
          ["Installs", skill.stats.installsAllTime?.toLocaleString()],
          ["Reports", detail.reports],
          ["Updated", <RelativeTime key="time" time={skill.updatedAt} />],
        ]}
      />
      <VersionList versions={detail.versions} />
    </div>
  );
}

function Actions({ detail }: { readonly detail: SkillDetail }): ReactElement {
  const { _id: skillId, slug, displayName, summary } = detail.entry.skill;
  const star = useMutation(api.engagement.toggleStar);
  const download = useMutation(api.engagement.download);
  const task = useTask();
  const [isPublishing, { open, close }] = useDisclosure(false);
  const Star = detail.isStarred ? IconStarFilled : IconStar;
  return (
    <>
      <div className="actions">
        <Button
          variant={detail.isStarred ? "light" : "default"}
          aria-pressed={detail.isStarred}
          leftSection={<Star size={15} />}
          disabled={task.isBusy}
          onClick={() => void task.run(() => star({ skillId }))}
        >
          {detail.isStarred ? "Starred" : "Star"}
        </Button>
        <Button
          variant="default"
          leftSection={<IconDownload size={15} />}
          disabled={task.isBusy}
          onClick={() => void task.run(() => download({ skillId }))}
        >
          Download
        </Button>
        <ReportButton skillId={skillId} isReported={detail.isReported} />
        {detail.isOwn && (
          <Button variant="default" leftSection={<IconUpload size={15} />} onClick={open}>
            New version
          </Button>
        )}
      </div>
      {task.error !== undefined && <ErrorNotice title="That did not work" message={task.error} />}
      <PublishDialog
        isOpen={isPublishing}
        onClose={close}
        onPublished={close}
        former={{ slug, displayName, summary, version: detail.entry.latestVersion?.version }}
      />
    </>
  );
}
