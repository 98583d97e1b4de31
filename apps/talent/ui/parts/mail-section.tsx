/**
 * The outbox: mails to the viewer, and a way to have one sent now.
 */
import { Button, Menu } from "@mantine/core";
import { EmptyState, ErrorNotice, LoadingRows, RelativeTime, StatusBadge, useTask, type Status } from "@narrowcast/ui";
import { IconMail, IconSend } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { MailKind } from "../../convex/model/fields.ts";
import { Section } from "./section.tsx";

type SentMail = FunctionReturnType<typeof api.emails.outbox.listMine>[number];

const KINDS: Record<MailKind, string> = {
  "match-alert": "Match alert",
  "weekly-digest": "Weekly digest",
  "daily-event-digest": "Events today",
  "weekly-event-digest": "Events this week",
};
const STATES: Record<SentMail["status"], Status> = {
  sending: "running",
  sent: "complete",
  failed: "failed",
  "nothing to say": "pending",
};

export function MailSection({ userId }: { readonly userId: string }): ReactElement {
  const mails = useQuery(api.emails.outbox.listMine, { userId });
  const send = useMutation(api.demo.sendMail);
  const task = useTask();
  const menu = (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <Button size="compact-sm" variant="default" leftSection={<IconSend size={14} />} loading={task.isBusy}>
          Send one now
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {(Object.keys(KINDS) as MailKind[]).map((kind) => (
          <Menu.Item key={kind} onClick={() => void task.run(() => send({ userId, kind }))}>
            {KINDS[kind]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
  return (
    <Section title="Mail outbox" aside={menu}>
      {task.error !== undefined && <ErrorNotice title="No mail was sent" message={task.error} />}
      {mails === undefined && <LoadingRows rows={2} height={48} label="Loading mails" />}
      {mails?.length === 0 && (
        <EmptyState icon={<IconMail size={26} stroke={1.4} />} title="No mail yet">
          Alerts go out when a clock where you live says eight, if there are new matches.
        </EmptyState>
      )}
      <ul className="rows" aria-label="Mails">
        {mails?.map(({ _id, kind, subject, to, status, sentAt, claimedAt, error }) => (
          <li key={_id} className="row">
            <div className="row-text">
              <span className="row-title">{subject === "" ? KINDS[kind] : subject}</span>
              <span className="nc-muted small">
                {to} · <RelativeTime time={sentAt ?? claimedAt} />
              </span>
              {error !== undefined && status === "failed" && <span className="small">{error}</span>}
            </div>
            <StatusBadge status={STATES[status]} label={status} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
