/**
 * Asks whether a namespace's data is sound, shows what is wrong and repairs what can be repaired.
 */
import { ActionIcon, Button, Modal, Stack, Text, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ErrorNotice, LoadingRows } from "@narrowcast/ui";
import { IconShieldCheck, IconStethoscope } from "@tabler/icons-react";
import { useState, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import type { Doc } from "../../convex/_generated/dataModel.js";
import type { Finding } from "../../convex/model/findings.ts";
import { useAct, useAsk } from "../data/session.tsx";
import { useTask } from "../data/use-task.ts";

/** The button in the header and its dialog. */
export function ChecksButton({ namespace }: { readonly namespace: Doc<"namespaces"> }): ReactElement {
  const [isOpen, { open, close }] = useDisclosure(false);
  const [findings, setFindings] = useState<readonly Finding[]>();
  const ask = useAsk();
  const repair = useAct(api.checks.repair);
  const task = useTask();
  const namespaceId = namespace._id;
  const look = () => task.run(async () => setFindings(await ask(api.checks.namespace, { namespaceId })));
  const show = () => {
    setFindings(undefined);
    open();
    void look();
  };
  const fix = () =>
    void task.run(async () => {
      await repair({ namespaceId });
      setFindings(await ask(api.checks.namespace, { namespaceId }));
    });
  return (
    <>
      <Tooltip label="Check this namespace">
        <ActionIcon aria-label="Check this namespace" onClick={show}>
          <IconStethoscope size={17} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <Modal opened={isOpen} onClose={close} title={`Check of ${namespace.name}`} size="lg">
        {task.error !== undefined && (
          <ErrorNotice title="The check failed" message={task.error} onRetry={() => void look()} />
        )}
        {findings === undefined && task.error === undefined && <LoadingRows rows={2} label="Checking" />}
        {findings?.length === 0 && (
          <Stack align="center" gap={6} py="md">
            <IconShieldCheck size={30} stroke={1.4} color="var(--nc-done)" />
            <Text size="sm">Nothing is wrong: counters are true, every job can be reached.</Text>
          </Stack>
        )}
        {findings !== undefined && findings.length > 0 && (
          <Stack gap="sm">
            <ul className="plain-list findings">
              {findings.map((finding) => (
                <li key={`${finding.kind} ${finding.subjectId}`} className="callout" data-state="blocked">
                  <div>{finding.text}.</div>
                  <div className="nc-muted">{finding.remedy}.</div>
                </li>
              ))}
            </ul>
            <Button onClick={fix} loading={task.isBusy} style={{ alignSelf: "flex-end" }}>
              Repair what can be repaired
            </Button>
          </Stack>
        )}
      </Modal>
    </>
  );
}
