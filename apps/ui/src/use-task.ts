/**
 * One thing that a person has asked for: running, failed with a reason, or done.
 */
import { useCallback, useState } from "react";

/** A task and its state. `run` gives whether it went well; it never throws. */
export interface Task {
  readonly isBusy: boolean;
  readonly error: string | undefined;
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  readonly clearError: () => void;
}

/** State of a button, a form or a menu. */
export function useTask(): Task {
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string>();
  const run = useCallback(async (work: () => Promise<unknown>) => {
    setBusy(true);
    setError(undefined);
    try {
      await work();
      return true;
    } catch (caught) {
      setError(errorText(caught));
      return false;
    } finally {
      setBusy(false);
    }
  }, []);
  const clearError = useCallback(() => setError(undefined), []);
  return { isBusy, error, run, clearError };
}

/** What a person should read of an error: the function's own words. */
export function errorText(error: unknown): string {
  if (typeof error === "object" && error !== null && "data" in error && typeof error.data === "string")
    return error.data;
  return error instanceof Error ? error.message : String(error);
}
