/**
 * Local hours and the ranges that stand for them.
 */
import { assert, constantFrom, integer, property } from "fast-check";
import { expect, test } from "vitest";
import { isTimezone, localHour, offsetMinutes, offsetRanges, offsetWithEnd } from "../convex/model/mailHours.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/St_Johns",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Pacific/Auckland",
  "Pacific/Kiritimati",
  "Pacific/Pago_Pago",
  "Africa/Casablanca",
  "Australia/Lord_Howe",
];
const YEAR = { min: Date.UTC(2026, 0, 1), max: Date.UTC(2026, 11, 31) };

test("a zone's distance is in the ranges of an hour exactly when its clock shows that hour", () => {
  const law = property(constantFrom(...ZONES), integer(YEAR), integer({ min: 0, max: 23 }), (zone, at, hour) => {
    const offset = offsetMinutes(zone, at);
    const isInRange = offsetRanges(hour, at).some(({ from, to }) => from <= offset && offset <= to);
    expect(isInRange).toBe(localHour(zone, at) === hour);
  });
  assert(law, { numRuns: 1_000 });
});

test("a distance holds until its end and is another one there, or the end is a year away", () => {
  const law = property(constantFrom(...ZONES), integer(YEAR), (zone, at) => {
    const { utcOffsetMinutes, utcOffsetUntil } = offsetWithEnd(zone, at);
    expect(offsetMinutes(zone, at)).toBe(utcOffsetMinutes);
    expect(offsetMinutes(zone, utcOffsetUntil - 60_000)).toBe(utcOffsetMinutes);
    const isYearAway = utcOffsetUntil - at > 365 * 24 * 3_600_000;
    expect(isYearAway || offsetMinutes(zone, utcOffsetUntil) !== utcOffsetMinutes).toBe(true);
  });
  assert(law, { numRuns: 100 });
});

test("summer time begins to the minute", () => {
  const end = offsetWithEnd("Europe/Berlin", Date.UTC(2026, 2, 1));
  expect(end).toEqual({ utcOffsetMinutes: 60, utcOffsetUntil: Date.UTC(2026, 2, 29, 1) });
});

test("an unknown zone is told, and counts as UTC", () => {
  expect(isTimezone("Mars/Olympus")).toBe(false);
  expect(isTimezone("Asia/Kolkata")).toBe(true);
  expect(localHour("Mars/Olympus", Date.UTC(2026, 0, 1, 5, 30))).toBe(5);
});
