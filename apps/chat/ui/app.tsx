/**
 * Who looks, then the workspace. A client names its user itself, as in the original app; `?user=ann` is another one.
 */
import { AppFrame, ErrorNotice, LoadingRows, useTask } from "@narrowcast/ui";
import { useMutation } from "convex/react";
import { useCallback, useEffect, useState, type ReactElement } from "react";
import { api } from "../convex/_generated/api.js";
import type { Id } from "../convex/_generated/dataModel.js";
import { Workspace } from "./parts/workspace.tsx";

const USER = new URLSearchParams(location.search).get("user") ?? "demo";

/** The page below its providers. */
export function App(): ReactElement {
  const ensure = useMutation(api.users.ensure);
  const { error, run } = useTask();
  const [userId, setUserId] = useState<Id<"users">>();
  const enter = useCallback(
    () => void run(async () => setUserId((await ensure({ externalId: USER })).userId)),
    [ensure, run],
  );
  useEffect(enter, [enter]);
  if (userId !== undefined) return <Workspace userId={userId} userName={USER} />;
  return (
    <AppFrame title="Chat">
      {error === undefined ? (
        <LoadingRows label="Opening the chat" />
      ) : (
        <ErrorNotice title="The chat cannot be opened" message={error} onRetry={enter} />
      )}
    </AppFrame>
  );
}
