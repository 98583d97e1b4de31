/**
 * "Did you attend?": questions that wait for an answer.
 */
import { Button } from "@mantine/core";
import { EmptyState, ErrorNotice, LoadingRows, RelativeTime, useTask } from "@narrowcast/ui";
import { IconChecks } from "@tabler/icons-react";
import { useMutation, useQuery } from "convex/react";
import type { FunctionReturnType } from "convex/server";
import type { ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { Section } from "./section.tsx";

type Prompt = FunctionReturnType<typeof api.attendance.getPendingPrompts>[number];

const ANSWERS = [
  ["attended", "Yes"],
  ["partial", "In part"],
  ["not_attended", "No"],
] as const;

export function PromptsSection({ userId }: { readonly userId: string }): ReactElement {
  const prompts = useQuery(api.attendance.getPendingPrompts, { userId });
  return (
    <Section
      title="Did you attend?"
      aside={prompts !== undefined && <span className="nc-muted small">{prompts.length} to answer</span>}
    >
      {prompts === undefined && <LoadingRows rows={2} height={56} label="Loading questions" />}
      {prompts?.length === 0 && (
        <EmptyState icon={<IconChecks size={26} stroke={1.4} />} title="All answered">
          The next question comes when an event has ended.
        </EmptyState>
      )}
      <ul className="rows">
        {prompts?.map((prompt) => (
          <PromptRow key={prompt._id} prompt={prompt} userId={userId} />
        ))}
      </ul>
    </Section>
  );
}

function PromptRow({ prompt, userId }: { readonly prompt: Prompt; readonly userId: string }): ReactElement {
  const answer = useMutation(api.attendance.answerPrompt);
  const task = useTask();
  return (
    <li className="row row-column">
      <div className="row-text">
        <span className="row-title">{prompt.event.title}</span>
        <span className="nc-muted small">
          {prompt.org?.name ?? "An organisation that is gone"} · asked <RelativeTime time={prompt.createdAt} />
        </span>
      </div>
      <div className="answers" role="group" aria-label={`Did you attend ${prompt.event.title}?`}>
        {ANSWERS.map(([status, label]) => (
          <Button
            key={status}
            size="compact-sm"
            variant="default"
            disabled={task.isBusy}
            onClick={() => void task.run(() => answer({ userId, notificationId: prompt._id, status }))}
          >
            {label}
          </Button>
        ))}
      </div>
      {task.error !== undefined && <ErrorNotice title="Not answered" message={task.error} />}
    </li>
  );
}
