/**
 * Asks for the password and lets in whoever knows it.
 */
import { Button, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import { ColorSchemeSwitch } from "@narrowcast/ui";
import { IconArrowRight } from "@tabler/icons-react";
import { useEffect, useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { useLiveWith } from "../data/session.tsx";

/** The gate. `initial` fills the field in, for demonstrations. */
export function LoginGate({
  initial,
  onEnter,
}: {
  readonly initial: string;
  readonly onEnter: (password: string) => void;
}): ReactElement {
  const [typed, setTyped] = useState(initial);
  const [tried, setTried] = useState<string>();
  const answer = useLiveWith(tried ?? "", api.namespaces.list, tried === undefined ? "skip" : {});
  useEffect(() => {
    if (answer.status === "ready" && tried !== undefined) onEnter(tried);
  }, [answer.status, tried, onEnter]);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(typed);
  };
  const error = answer.status === "failed" && tried === typed ? refusal(answer.message) : undefined;
  return (
    <main className="gate">
      <div className="gate-corner">
        <ColorSchemeSwitch />
      </div>
      <Paper
        withBorder
        p="xl"
        radius="lg"
        w="min(360px, calc(100vw - 32px))"
        style={{ background: "var(--nc-surface)" }}
      >
        <form onSubmit={submit}>
          <Stack gap="md">
            <div>
              <Title order={1}>Orchestrator</Title>
              <Text size="sm" className="nc-muted">
                Assignments, jobs and chats of your agents
              </Text>
            </div>
            <PasswordInput
              label="Password"
              description={initial === "" ? undefined : "Filled in for this demonstration"}
              autoComplete="current-password"
              data-autofocus
              autoFocus
              required
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
              error={error}
            />
            <Button
              type="submit"
              size="sm"
              loading={answer.status === "loading"}
              rightSection={<IconArrowRight size={16} />}
            >
              Open
            </Button>
          </Stack>
        </form>
      </Paper>
    </main>
  );
}

function refusal(message: string): string {
  return message.includes("Unauthorized") ? "That is not the password." : message;
}
