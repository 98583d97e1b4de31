/**
 * Programs of the organisation that the viewer administers; one can be opened to see and move its participants.
 */
import { NativeSelect } from "@mantine/core";
import { EmptyState, ErrorBoundary, ErrorNotice, LoadingRows, useTask } from "@narrowcast/ui";
import { IconSchool } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import { useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import type { ParticipationStatus } from "../../convex/model/fields.ts";
import { Section } from "./section.tsx";

type Participant = FunctionReturnType<typeof api.programs.getProgramParticipants>[number];

const STATUSES: readonly ParticipationStatus[] = ["pending", "enrolled", "completed", "withdrawn", "removed"];

export function ProgramsSection({
  userId,
  orgId,
}: {
  readonly userId: string;
  readonly orgId: Id<"organizations">;
}): ReactElement {
  const programs = useQuery(api.programs.getOrgPrograms, { userId, orgId });
  const [openId, open] = useState<Id<"programs">>();
  return (
    <Section title="Programs" aside={<span className="nc-muted small">you administer these</span>}>
      {programs === undefined && <LoadingRows rows={2} label="Loading programs" />}
      {programs?.length === 0 && (
        <EmptyState icon={<IconSchool size={26} stroke={1.4} />} title="No programs">
          This organisation has none yet.
        </EmptyState>
      )}
      <ul className="rows">
        {programs?.map(({ _id, name, status, participantCount }) => (
          <li key={_id} className="program">
            <button
              type="button"
              className="row program-head"
              aria-expanded={_id === openId}
              onClick={() => open(_id === openId ? undefined : _id)}
            >
              <span className="row-text">
                <span className="row-title">{name}</span>
                <span className="nc-muted small">{status}</span>
              </span>
              <span className="nc-numbers small">{participantCount} enrolled</span>
            </button>
            {_id === openId && (
              <ErrorBoundary title="Participants cannot be shown">
                <Participants programId={_id} userId={userId} />
              </ErrorBoundary>
            )}
          </li>
        ))}
      </ul>
    </Section>
  );
}

function Participants({
  programId,
  userId,
}: {
  readonly programId: Id<"programs">;
  readonly userId: string;
}): ReactElement {
  const participants = useQuery(api.programs.getProgramParticipants, { programId, userId });
  if (participants === undefined) return <LoadingRows rows={3} label="Loading participants" />;
  return (
    <ul className="participants" aria-label="Participants">
      {participants.map((participant) => (
        <ParticipantRow key={participant._id} participant={participant} userId={userId} />
      ))}
    </ul>
  );
}

function ParticipantRow({
  participant,
  userId,
}: {
  readonly participant: Participant;
  readonly userId: string;
}): ReactElement {
  const setStatus = useMutation(api.programs.setParticipationStatus);
  const task = useTask();
  const { _id: participationId, memberName, status } = participant;
  return (
    <li className="row">
      <span className="nc-clip">{memberName}</span>
      <NativeSelect
        size="xs"
        aria-label={`Status of ${memberName}`}
        data={[...STATUSES]}
        value={status}
        disabled={task.isBusy}
        onChange={({ currentTarget }) => {
          const next = currentTarget.value as ParticipationStatus;
          void task.run(() => setStatus({ userId, participationId, status: next }));
        }}
      />
      {task.error !== undefined && <ErrorNotice title="Not changed" message={task.error} />}
    </li>
  );
}
