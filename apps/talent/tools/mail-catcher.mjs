/**
 * A mail server for demos: takes every mail and shows in the terminal what arrived. Keeps nothing, sends nothing on.
 *
 *   node tools/mail-catcher.mjs 3225
 *
 * @module
 */
import { SMTPServer } from "smtp-server";

const port = Number(process.argv[2] ?? 3225);
/** Lines of a mail's text that are shown. */
const SHOWN = 12;

const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ["STARTTLS"],
  onData(stream, session, done) {
    let source = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk) => (source += chunk));
    stream.on("end", () => {
      const to = session.envelope.rcptTo.map(({ address }) => address).join(", ");
      process.stdout.write(`mail to ${to}: ${subjectOf(source)}\n${textOf(source)}\n`);
      done();
    });
  },
});

// Another demo's catcher has the port: mails arrive there.
server.on("error", (error) => process.stdout.write(`no mail catcher here: ${error.message}\n`));
server.listen(port, "127.0.0.1", () => process.stdout.write(`mail catcher on smtp://127.0.0.1:${port}\n`));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
// Without a port there is nothing else that keeps the process; the demo would take its end for a failure.
setInterval(() => undefined, 60_000);

function subjectOf(source) {
  return /^Subject: (.*)$/im.exec(source)?.[1]?.trim() ?? "(no subject)";
}

/** The first lines of the text part, indented. */
function textOf(source) {
  const part = source.split(/Content-Type: text\/plain[^]*?\r\n\r\n/)[1]?.split(/\r\n--/)[0] ?? "";
  const text = part
    .replaceAll("=\r\n", "")
    .replaceAll(/=([0-9A-F]{2})/g, (_, code) => String.fromCharCode(parseInt(code, 16)));
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines
    .slice(0, SHOWN)
    .map((line) => `    ${line}`)
    .join("\n");
}
