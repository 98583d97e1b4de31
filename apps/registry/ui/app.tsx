/**
 * The registry: what is trending on the left, the list in the middle, one skill in a drawer.
 */
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { AppFrame, ErrorBoundary } from "@narrowcast/ui";
import { IconUpload } from "@tabler/icons-react";
import { useConvexConnectionState } from "convex/react";
import type { ReactElement } from "react";
import { openSkill, useOpenSkill } from "./data/selection.ts";
import "./page.css";
import { Browse } from "./parts/browse.tsx";
import { PublishDialog } from "./parts/publish-dialog.tsx";
import { SkillDrawer } from "./parts/skill-drawer.tsx";
import { Trending } from "./parts/trending.tsx";

/** The page. */
export function App(): ReactElement {
  const slug = useOpenSkill();
  const [isPublishing, { open, close }] = useDisclosure(false);
  return (
    <AppFrame
      title="Skill registry"
      subtitle={<ConnectionNote />}
      sidebarLabel="Trending"
      sidebar={(closeSidebar) => (
        <ErrorBoundary title="Trending skills cannot be shown">
          <Trending onChosen={closeSidebar} />
        </ErrorBoundary>
      )}
      actions={
        <Button leftSection={<IconUpload size={15} />} onClick={open} mr={4}>
          Publish
        </Button>
      }
    >
      <ErrorBoundary title="The list cannot be shown">
        <Browse selected={slug} />
      </ErrorBoundary>
      <SkillDrawer slug={slug} onClose={() => openSkill(undefined)} />
      <PublishDialog
        isOpen={isPublishing}
        onClose={close}
        onPublished={(published) => {
          close();
          openSkill(published);
        }}
      />
    </AppFrame>
  );
}

/** Says so while there is no connection; otherwise nothing. */
function ConnectionNote(): ReactElement | null {
  const { isWebSocketConnected, hasEverConnected } = useConvexConnectionState();
  if (isWebSocketConnected) return null;
  return (
    <span className="nc-muted connection" role="status">
      {hasEverConnected ? "Reconnecting" : "Connecting"}
    </span>
  );
}
