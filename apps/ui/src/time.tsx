/**
 * Times for people. One clock for the whole page, so that a hundred relative times cost one timer a step.
 */
import { useSyncExternalStore, type ReactElement } from "react";

interface Clock {
  readonly subscribe: (onTick: () => void) => () => void;
  readonly read: () => number;
}

/** A clock that ticks every `stepMs` while somebody looks, and whose reading changes only with a tick. */
function makeClock(stepMs: number): Clock {
  const listeners = new Set<() => void>();
  let now = Date.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    read: () => now,
    subscribe: (onTick) => {
      listeners.add(onTick);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const listener of listeners) listener();
      }, stepMs);
      return () => {
        listeners.delete(onTick);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
}

const SECOND_CLOCK = makeClock(1_000);
const SLOW_CLOCK = makeClock(20_000);

/** The time, to the second: for things that run. */
export function useSeconds(): number {
  return useSyncExternalStore(SECOND_CLOCK.subscribe, SECOND_CLOCK.read, SECOND_CLOCK.read);
}

/** "3 min ago" or "in 3 min", with the exact time as a hint. */
export function RelativeTime({ time }: { readonly time: number }): ReactElement {
  const now = useSyncExternalStore(SLOW_CLOCK.subscribe, SLOW_CLOCK.read, SLOW_CLOCK.read);
  const date = new Date(time);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()} className="nc-numbers nc-muted nc-time">
      {relativeTime(time, now)}
    </time>
  );
}

/** "now", "4 min ago", "3 h ago", "2 d ago", or "in 4 min"; then the date. */
export function relativeTime(time: number, now: number): string {
  // What was written a moment ago by another clock, or since the last tick of ours, is now, too.
  const seconds = Math.abs(now - time) / 1000;
  if (seconds < 45) return "now";
  if (seconds >= 14 * 86_400) {
    return new Date(time).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
  }
  const span =
    seconds < 3_570
      ? `${Math.max(1, Math.round(seconds / 60))} min`
      : seconds < 84_600
        ? `${Math.round(seconds / 3600)} h`
        : `${Math.round(seconds / 86_400)} d`;
  return time > now ? `in ${span}` : `${span} ago`;
}

/** "59:58", "1:02:03". */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60), seconds % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

/** "950", "12.4k", "1.3M". */
export function compactNumber(value: number): string {
  if (value < 1_000) return String(value);
  if (value < 999_500) return `${(value / 1_000).toFixed(value < 99_950 ? 1 : 0)}k`;
  return `${(value / 1_000_000).toFixed(1)}M`;
}
