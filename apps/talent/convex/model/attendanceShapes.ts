/**
 * What the attendance queries show, made from rows that a form has fetched in its own way.
 */
import { v, type Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import { attendanceFields, notificationFields, attendanceStatus } from "./fields.ts";

const eventShown = v.object({
  title: v.string(),
  startAt: v.number(),
  location: v.optional(v.string()),
  isVirtual: v.boolean(),
});
const orgShown = v.object({ name: v.string(), logoUrl: v.optional(v.string()) });

/** One line of the history. */
export const historyItem = v.object({
  _id: v.id("attendance"),
  _creationTime: v.number(),
  ...attendanceFields,
  event: eventShown,
  org: v.nullable(orgShown),
});

/** One "did you attend?". */
export const promptItem = v.object({
  _id: v.id("notifications"),
  _creationTime: v.number(),
  ...notificationFields,
  event: eventShown,
  org: v.nullable(orgShown),
});

export const summary = v.nullable(
  v.object({
    total: v.number(),
    /** Attended as a whole or in part. */
    attended: v.number(),
    recent: v.array(
      v.object({
        _id: v.id("attendance"),
        status: attendanceStatus,
        event: v.nullable(v.object({ title: v.string(), startAt: v.number() })),
        org: v.nullable(v.object({ name: v.string() })),
      }),
    ),
  }),
);

export type HistoryItem = Infer<typeof historyItem>;
export type PromptItem = Infer<typeof promptItem>;
export type Summary = NonNullable<Infer<typeof summary>>;

/** Rows of the history when the caller does not say how many. */
export const HISTORY_LIMIT = 50;
/** Rows that the summary shows. */
export const RECENT = 3;

/** A line of the history, or nothing when the event was deleted. */
export function showAttendance(
  record: Doc<"attendance">,
  event: Doc<"events"> | null | undefined,
  org: Doc<"organizations"> | null | undefined,
): HistoryItem[] {
  return event === null || event === undefined ? [] : [{ ...record, event: showEvent(event), org: showOrg(org) }];
}

/** A prompt, or nothing when its event was deleted. */
export function showPrompt(
  prompt: Doc<"notifications">,
  event: Doc<"events"> | null | undefined,
  org: Doc<"organizations"> | null | undefined,
): PromptItem[] {
  return event === null || event === undefined ? [] : [{ ...prompt, event: showEvent(event), org: showOrg(org) }];
}

export function showRecent(
  record: Doc<"attendance">,
  event: Doc<"events"> | null | undefined,
  org: Doc<"organizations"> | null | undefined,
): Summary["recent"][number] {
  return {
    _id: record._id,
    status: record.status,
    event: event === null || event === undefined ? null : { title: event.title, startAt: event.startAt },
    org: org === null || org === undefined ? null : { name: org.name },
  };
}

/** What counts as having been there. */
export function isAttended({ status }: Pick<Doc<"attendance">, "status">): boolean {
  return status === "attended" || status === "partial";
}

function showEvent({ title, startAt, location, isVirtual }: Doc<"events">): HistoryItem["event"] {
  return { title, startAt, isVirtual, ...(location === undefined ? {} : { location }) };
}

function showOrg(org: Doc<"organizations"> | null | undefined): HistoryItem["org"] {
  if (org === null || org === undefined) return null;
  return { name: org.name, ...(org.logoUrl === undefined ? {} : { logoUrl: org.logoUrl }) };
}
