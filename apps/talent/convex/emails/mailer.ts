"use node";
/**
 * Renders a mail and hands it to the mail server.
 */
import { render } from "@react-email/render";
import { createTransport, type Transporter } from "nodemailer";
import type { ReactElement } from "react";

const FROM = "Talent network <network@talent.example>";
/** A mail server that does not answer must not hold an action for minutes. */
const PATIENCE_MS = 10_000;

/** A connection to the server that SMTP_URL names; close it. @throws When the variable is not set. */
export function openMailer(): Transporter {
  const url = process.env["SMTP_URL"];
  if (url === undefined || url === "") {
    throw new Error('Cannot send mail: SMTP_URL is not set; set it to a mail server such as "smtp://127.0.0.1:1025"');
  }
  const { hostname, port, protocol, username, password } = new URL(url);
  return createTransport({
    host: hostname,
    port: Number(port === "" ? 25 : port),
    secure: protocol === "smtps:",
    ...(username === "" ? {} : { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    pool: true,
    maxConnections: 1,
    connectionTimeout: PATIENCE_MS,
    greetingTimeout: PATIENCE_MS,
    socketTimeout: PATIENCE_MS,
  });
}

/** Sends one mail, as text and as HTML. @returns Its message id. */
export async function sendMail(
  mailer: Transporter,
  mail: { readonly to: string; readonly subject: string; readonly body: ReactElement },
): Promise<string> {
  const [html, text] = [await render(mail.body), await render(mail.body, { plainText: true })];
  const sent = (await mailer.sendMail({ from: FROM, to: mail.to, subject: mail.subject, html, text })) as {
    messageId: string;
  };
  return sent.messageId;
}
