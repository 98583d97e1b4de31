"use node";
/**
 * The frame of every mail, and its pieces. Styles stand inline: that is what mail programs read.
 */
import { Body, Container, Head, Heading, Hr, Html, Link, Preview, Section, Text } from "@react-email/components";
import type { ReactElement, ReactNode } from "react";

/** What {@link Mail} takes. */
interface MailProps {
  /** What an inbox shows beside the subject. */
  readonly preview: string;
  readonly title: string;
  readonly children: ReactNode;
}

/** One mail. */
export function Mail({ preview, title, children }: MailProps): ReactElement {
  return (
    <Html lang="en">
      <Head />
      <Preview>{preview}</Preview>
      <Body style={{ backgroundColor: "#f3f5f2", fontFamily: "Helvetica, Arial, sans-serif", margin: 0 }}>
        <Container style={{ backgroundColor: "#ffffff", borderRadius: 10, margin: "24px auto", padding: "28px 32px" }}>
          <Text style={{ ...text, color: "#2f7d4f", fontWeight: 700, margin: "0 0 12px" }}>Talent network</Text>
          <Heading as="h1" style={{ color: "#1d241f", fontSize: 22, margin: "0 0 16px" }}>
            {title}
          </Heading>
          {children}
          <Hr style={{ borderColor: "#e2e7e1", margin: "24px 0 12px" }} />
          <Text style={{ ...text, color: "#6c776f", fontSize: 12, margin: 0 }}>
            You get this because of your notification settings; change them in your profile.
          </Text>
        </Container>
      </Body>
    </Html>
  );
}

/** A paragraph. */
export function Paragraph({ children }: { readonly children: ReactNode }): ReactElement {
  return <Text style={{ ...text, margin: "0 0 14px" }}>{children}</Text>;
}

/** One thing of a list: a heading that may be a link, and lines below it. */
export function Item({
  title,
  url,
  lines,
}: {
  readonly title: string;
  readonly url?: string;
  readonly lines: readonly string[];
}): ReactElement {
  return (
    <Section style={{ borderLeft: "3px solid #2f7d4f", margin: "0 0 14px", paddingLeft: 14 }}>
      <Text style={{ ...text, fontWeight: 700, margin: 0 }}>
        {url === undefined ? (
          title
        ) : (
          <Link href={url} style={{ color: "#1f5f3a" }}>
            {title}
          </Link>
        )}
      </Text>
      {lines
        .filter((line) => line !== "")
        .map((line) => (
          <Text key={line} style={{ ...text, color: "#4b564e", margin: 0 }}>
            {line}
          </Text>
        ))}
    </Section>
  );
}

const text = { color: "#1d241f", fontSize: 14, lineHeight: "21px" } as const;
