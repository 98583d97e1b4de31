/**
 * What `npm start -- talent` needs to know. TALENT_SMTP_PORT is the mail catcher's port.
 *
 * @module
 */
import { join } from "node:path";

const smtpPort = process.env.TALENT_SMTP_PORT ?? "3225";

export const title = "Talent network";
export const environment = { DEMO: "1", SMTP_URL: `smtp://127.0.0.1:${smtpPort}` };
export const seed = { path: "seed:demo", args: {} };
export const notes = ["mails arrive in this terminal"];

export async function processes({ start }) {
  start("mail", join(import.meta.dirname, "tools/mail-catcher.mjs"), [smtpPort]);
}
