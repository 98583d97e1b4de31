/**
 * A mail server on loopback that keeps what arrives, taken apart: headers, text and HTML.
 */
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

/** One mail as it arrived. */
export interface ReceivedMail {
  readonly to: readonly string[];
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
}

/** See the module comment. */
export interface MailServer {
  readonly url: string;
  readonly mails: ReceivedMail[];
  /** Whether a recipient is refused. */
  refuses: (address: string) => boolean;
  reset(): void;
  close(): Promise<void>;
}

export async function startMailServer(): Promise<MailServer> {
  const nobody = (): boolean => false;
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onRcptTo: ({ address }, _session, done) => done(mail.refuses(address) ? new Error("No such mailbox") : undefined),
    onData(stream, session, done) {
      let source = "";
      stream.setEncoding("latin1");
      stream.on("data", (chunk) => (source += String(chunk)));
      stream.on("end", () => {
        mail.mails.push(
          received(
            session.envelope.rcptTo.map(({ address }) => address),
            source,
          ),
        );
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const mail: MailServer = {
    url: `smtp://127.0.0.1:${(server.server.address() as AddressInfo).port}`,
    mails: [],
    refuses: nobody,
    reset() {
      mail.mails.length = 0;
      mail.refuses = nobody;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
  return mail;
}

function received(to: readonly string[], source: string): ReceivedMail {
  const { headers, body } = entity(source);
  const boundary = /boundary="([^"]+)"/.exec(headers.get("content-type") ?? "")?.[1];
  const parts = boundary === undefined ? [] : body.split(`--${boundary}`).map((part) => entity(part.trimStart()));
  const part = (type: string) => parts.find((each) => each.headers.get("content-type")?.startsWith(type));
  return { to, headers, text: decoded(part("text/plain")), html: decoded(part("text/html")) };
}

interface Entity {
  readonly headers: Map<string, string>;
  readonly body: string;
}

function entity(source: string): Entity {
  const end = source.indexOf("\r\n\r\n");
  const lines = source
    .slice(0, end)
    .replaceAll(/\r\n[ \t]+/g, " ")
    .split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
  });
  return { headers: new Map(headers), body: source.slice(end + 4) };
}

/** By the part's transfer encoding, as UTF-8. */
function decoded(part: Entity | undefined): string {
  if (part === undefined) return "";
  const encoding = part.headers.get("content-transfer-encoding");
  if (encoding === "base64") return Buffer.from(part.body, "base64").toString();
  if (encoding !== "quoted-printable") return Buffer.from(part.body, "latin1").toString();
  const bytes = part.body
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
  return Buffer.from(bytes, "latin1").toString();
}
