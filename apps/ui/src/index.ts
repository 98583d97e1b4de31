/**
 * One look for all pages of the project: theme, frame and shared parts. Import `@narrowcast/ui/styles.css` beside it.
 */
export { AppFrame, type AppFrameProps } from "./app-frame.tsx";
export { mountPage } from "./mount-page.tsx";
export { ColorSchemeSwitch } from "./color-scheme-switch.tsx";
export { ErrorBoundary } from "./error-boundary.tsx";
export { CopyAction, KeyValue, Meter, type MeterProps } from "./key-value.tsx";
export {
  EmptyState,
  ErrorNotice,
  LoadingRows,
  type EmptyStateProps,
  type ErrorNoticeProps,
  type LoadingRowsProps,
} from "./notices.tsx";
export { Prose } from "./prose.tsx";
export { StatusBadge, StatusDot, type Status } from "./status.tsx";
export { theme } from "./theme.ts";
export { compactNumber, duration, RelativeTime, relativeTime, useSeconds } from "./time.tsx";
export { UiProvider } from "./ui-provider.tsx";
export { errorText, useTask, type Task } from "./use-task.ts";
