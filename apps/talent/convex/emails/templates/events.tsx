"use node";
/**
 * The digest of coming events, daily or weekly.
 */
import type { ReactElement } from "react";
import type { MailEvent } from "../../model/mailContents.ts";
import { Item, Mail, Paragraph } from "./layout.tsx";

/** "What is on". Times are shown in the reader's zone. */
export function EventDigest({
  userName,
  events,
  timezone,
  period,
}: {
  readonly userName: string;
  readonly events: readonly MailEvent[];
  readonly timezone: string;
  readonly period: "today" | "this week";
}): ReactElement {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, dateStyle: "full", timeStyle: "short" });
  return (
    <Mail preview={events.map(({ title }) => title).join(", ")} title={eventDigestSubject(events.length, period)}>
      <Paragraph>
        Hello {userName}, this is on {period}:
      </Paragraph>
      {events.map(({ title, startAt, location }) => (
        <Item key={`${title} ${startAt}`} title={title} lines={[format.format(startAt), location]} />
      ))}
    </Mail>
  );
}

export function eventDigestSubject(count: number, period: string): string {
  return count === 1 ? `One event ${period}` : `${count} events ${period}`;
}
