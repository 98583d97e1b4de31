"use node";
/**
 * Mails about matches: the alert, and the weekly digest with what is missing in the profile.
 */
import type { ReactElement } from "react";
import type { MailMatch } from "../../model/mailContents.ts";
import { Item, Mail, Paragraph } from "./layout.tsx";

/** Sections that a profile can have, as the digest names them. */
const SECTIONS = ["education", "work", "skills", "goals"];

/** "New matches for you". */
export function MatchAlert({
  userName,
  matches,
}: {
  readonly userName: string;
  readonly matches: readonly MailMatch[];
}): ReactElement {
  return (
    <Mail preview={matches.map(({ title }) => title).join(", ")} title={matchAlertSubject(matches.length)}>
      <Paragraph>Hello {userName}, these openings fit your profile:</Paragraph>
      <MatchItems matches={matches} />
    </Mail>
  );
}

export function matchAlertSubject(count: number): string {
  return count === 1 ? "One new match for you" : `${count} new matches for you`;
}

/** "Your week". */
export function WeeklyDigest({
  userName,
  matches,
  completedSections,
  hasEnrichmentConversation,
}: {
  readonly userName: string;
  readonly matches: readonly MailMatch[];
  readonly completedSections: readonly string[];
  readonly hasEnrichmentConversation: boolean;
}): ReactElement {
  const missing = SECTIONS.filter((section) => !completedSections.includes(section));
  return (
    <Mail preview="Your matches of this week, and your profile" title="Your week in the talent network">
      <Paragraph>
        Hello {userName}, {matches.length === 0 ? "there are no new matches this week." : "this week's new matches:"}
      </Paragraph>
      <MatchItems matches={matches} />
      {missing.length > 0 && <Paragraph>Your profile says nothing yet about: {missing.join(", ")}.</Paragraph>}
      {!hasEnrichmentConversation && (
        <Paragraph>A short conversation about your goals makes matches better. You have not had one yet.</Paragraph>
      )}
    </Mail>
  );
}

function MatchItems({ matches }: { readonly matches: readonly MailMatch[] }): ReactElement {
  return (
    <>
      {matches.map((match) => (
        <Item
          key={match.url}
          title={match.title}
          url={match.url}
          lines={[`${match.organization}, ${match.location}: ${match.score} of 100, ${match.tier}`, match.strength]}
        />
      ))}
    </>
  );
}
