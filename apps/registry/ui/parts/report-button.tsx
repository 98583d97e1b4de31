/**
 * Reports a skill, with a reason.
 */
import { Button, Popover, Stack, Textarea } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTask } from "@narrowcast/ui";
import { IconFlag } from "@tabler/icons-react";
import { useMutation } from "convex/react";
import { useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";

/** The button and its form; once a person. */
export function ReportButton({
  skillId,
  isReported,
}: {
  readonly skillId: Id<"skills">;
  readonly isReported: boolean;
}): ReactElement {
  const report = useMutation(api.skills.report);
  const task = useTask();
  const [reason, setReason] = useState("");
  const [isOpen, { toggle, close }] = useDisclosure(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void task.run(async () => {
      await report({ skillId, reason: reason.trim() });
      close();
    });
  };
  return (
    <Popover opened={isOpen} onDismiss={close} width={280} trapFocus withArrow shadow="md">
      <Popover.Target>
        <Button
          variant="default"
          leftSection={<IconFlag size={15} />}
          disabled={isReported}
          aria-expanded={isOpen}
          onClick={toggle}
        >
          {isReported ? "Reported" : "Report"}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <form onSubmit={submit}>
          <Stack gap="xs">
            <Textarea
              label="What is wrong with it?"
              description="The fourth report hides a skill."
              required
              data-autofocus
              autosize
              minRows={2}
              value={reason}
              error={task.error}
              onChange={(event) => setReason(event.currentTarget.value)}
            />
            <Button type="submit" color="red" loading={task.isBusy} disabled={reason.trim() === ""}>
              Send report
            </Button>
          </Stack>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
