/**
 * Figures of the sheet for people.
 *
 * @module
 */
import type { ClaimedFigure } from "./system.ts";

export type ShownFigure = ClaimedFigure | "runs" | "cpuMs";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** Bytes with a unit, everything else as a number of a few digits. */
export function amount(value: number, figure: ShownFigure): string {
  if (figure === "bytes" || figure === "bytesSent") return bytesText(value);
  return String(Number(value.toPrecision(value >= 1000 ? 6 : 3)));
}

export function bytesText(value: number): string {
  let [scaled, unit] = [value, 0];
  while (scaled >= 1000 && unit < UNITS.length - 1) [scaled, unit] = [scaled / 1000, unit + 1];
  return `${Number(scaled.toPrecision(3))} ${UNITS[unit]}`;
}

/** How many times one is of the other. */
export function ratioText(narrow: number, convex: number): string {
  if (convex === 0) return narrow === 0 ? "0 : 0" : "more than none";
  return `${Number((narrow / convex).toPrecision(2))}x`;
}
