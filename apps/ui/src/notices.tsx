/**
 * The three states of a part that has no content to show: loading, empty, failed.
 */
import { Alert, Button, EmptyState as MantineEmptyState, Skeleton, Stack } from "@mantine/core";
import { IconAlertTriangle } from "@tabler/icons-react";
import type { ReactElement, ReactNode } from "react";

/** Grey rows in the place of content that is on its way. */
export function LoadingRows({ rows = 4, height = 34, label = "Loading" }: LoadingRowsProps): ReactElement {
  return (
    <Stack gap={8} p="sm" role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={height} radius="md" style={{ opacity: 1 - row / (rows + 1) }} />
      ))}
    </Stack>
  );
}

/** What {@link LoadingRows} takes. */
export interface LoadingRowsProps {
  readonly rows?: number;
  readonly height?: number;
  readonly label?: string;
}

/** Nothing here yet, why, and what to do about it. */
export function EmptyState({ icon, title, children, action }: EmptyStateProps): ReactElement {
  return (
    <MantineEmptyState size="sm" icon={icon} title={title} description={children} p="lg" m="auto">
      {action !== undefined && <MantineEmptyState.Actions>{action}</MantineEmptyState.Actions>}
    </MantineEmptyState>
  );
}

/** What {@link EmptyState} takes. */
export interface EmptyStateProps {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly children?: ReactNode;
  readonly action?: ReactNode;
}

/** What went wrong, in its own words. */
export function ErrorNotice({ title, message, onRetry }: ErrorNoticeProps): ReactElement {
  return (
    <Alert color="red" variant="light" title={title} icon={<IconAlertTriangle size={18} />} role="alert" m="sm">
      {message}
      {onRetry !== undefined && (
        <div>
          <Button mt="xs" variant="default" onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </Alert>
  );
}

/** What {@link ErrorNotice} takes. */
export interface ErrorNoticeProps {
  readonly title: string;
  readonly message: string;
  readonly onRetry?: () => void;
}
