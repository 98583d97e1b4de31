/**
 * Why a thing that was asked for did not happen, in a form or a dialog.
 */
import { Text } from "@mantine/core";
import type { ReactElement } from "react";
import type { Task } from "../data/use-task.ts";

/** Nothing while all is well. */
export function TaskError({ task }: { readonly task: Task }): ReactElement | null {
  if (task.error === undefined) return null;
  return (
    <Text size="sm" c="red" role="alert">
      {task.error}
    </Text>
  );
}
