/**
 * Publishes a skill, or a new version of one. The text of the form is its one file; the scan looks at its hash.
 */
import { Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { useTask } from "@narrowcast/ui";
import { useMutation } from "convex/react";
import { useState, type FormEvent, type ReactElement } from "react";
import { api } from "../../convex/_generated/api.js";
import { nextVersion, sha256, slugOf } from "../data/content.ts";

/** The skill that gets another version. */
export interface FormerVersion {
  readonly slug: string;
  readonly displayName: string;
  readonly summary: string | undefined;
  readonly version: string | undefined;
}

interface PublishDialogProps {
  readonly isOpen: boolean;
  readonly onClose: () => void;
  /** Gets the slug. */
  readonly onPublished: (slug: string) => void;
  readonly former?: FormerVersion;
}

/** The dialog. */
export function PublishDialog({ isOpen, onClose, onPublished, former }: PublishDialogProps): ReactElement {
  return (
    <Modal
      opened={isOpen}
      onClose={onClose}
      title={former === undefined ? "Publish a skill" : `New version of ${former.displayName}`}
      size="lg"
    >
      {isOpen && <PublishForm onPublished={onPublished} former={former} />}
    </Modal>
  );
}

interface FieldProps {
  readonly value: string;
  readonly onChange: (value: string) => void;
}

/** One line that must be filled in. */
function Line({ onChange, ...props }: FieldProps & { label: string; w?: number; flex?: number }): ReactElement {
  return <TextInput required {...props} onChange={(event) => onChange(event.currentTarget.value)} />;
}

/** The skill itself. */
function SkillText({ onChange, ...props }: FieldProps & { error: string | undefined }): ReactElement {
  return (
    <Textarea
      label="SKILL.md"
      description="The scan goes by its content: once in a while it finds something."
      required
      autosize
      minRows={4}
      maxRows={12}
      {...props}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** The form; it begins anew each time the dialog opens. */
function PublishForm({
  onPublished,
  former,
}: {
  readonly onPublished: (slug: string) => void;
  readonly former: FormerVersion | undefined;
}): ReactElement {
  const publish = useMutation(api.skills.publishVersion);
  const task = useTask();
  const [name, setName] = useState(former?.displayName ?? "");
  const [summary, setSummary] = useState(former?.summary ?? "");
  const [version, setVersion] = useState(nextVersion(former?.version));
  const [changelog, setChangelog] = useState(former === undefined ? "First version." : "");
  const [text, setText] = useState("");
  const slug = former?.slug ?? slugOf(name);
  const isReady = slug !== "" && [version, changelog, text].every((each) => each.trim() !== "");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void task.run(async () => {
      const hash = await sha256(`${slug}\n${version}\n${text}`);
      const size = new TextEncoder().encode(text).length;
      await publish({
        slug,
        displayName: name.trim(),
        ...(summary.trim() === "" ? {} : { summary: summary.trim() }),
        version: version.trim(),
        changelog: changelog.trim(),
        files: [{ path: "SKILL.md", size, storageId: hash, sha256: hash, contentType: "text/markdown" }],
        parsed: { frontmatter: { name: name.trim(), description: summary.trim() } },
        sha256hash: hash,
      });
      onPublished(slug);
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {former === undefined && (
          <TextInput
            label="Name"
            description={slug === "" ? "Its address is made of it" : `Address: ${slug}`}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
        <TextInput
          label="Summary"
          value={summary}
          onChange={(event) => setSummary(event.currentTarget.value)}
          placeholder="What it does, in one sentence"
        />
        <Group gap="sm" align="flex-start" wrap="nowrap">
          <Line label="Version" w={110} value={version} onChange={setVersion} />
          <Line label="What is new" flex={1} value={changelog} onChange={setChangelog} />
        </Group>
        <SkillText value={text} onChange={setText} error={task.error} />
        <Button type="submit" loading={task.isBusy} disabled={!isReady} style={{ alignSelf: "flex-end" }}>
          Publish {version}
        </Button>
      </Stack>
    </form>
  );
}
