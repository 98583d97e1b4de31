/**
 * Where a server listens and what others call it: checked before anything is opened, and explained when it does not work.
 *
 * @module
 */
import { CommandError } from "./context.ts";

const PORT_MAX = 65_535;

/** What was asked for. */
export interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly sitePort: number;
  readonly cloudUrl?: string | undefined;
  readonly siteUrl?: string | undefined;
}

/** What functions and clients see: what was said, or where the server listens. */
export interface PublicAddresses {
  readonly cloudUrl: string;
  readonly siteUrl: string;
}

/** @throws {CommandError} For a port that there is not, and for a public address that is no URL. */
export function publicAddresses({ host, port, sitePort, cloudUrl, siteUrl }: ListenOptions): PublicAddresses {
  if (sitePort > PORT_MAX) {
    throw new CommandError(
      `Cannot serve HTTP actions on port ${sitePort}: the largest is ${PORT_MAX}; name another with --site-port`,
    );
  }
  return {
    cloudUrl: cloudUrl === undefined ? addressOf(host, port) : checkedUrl("--cloud-url", cloudUrl),
    siteUrl: siteUrl === undefined ? addressOf(host, sitePort) : checkedUrl("--site-url", siteUrl),
  };
}

/** How this machine reaches a server that listens on `host`. */
function addressOf(host: string, port: number): string {
  const name = host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "[::1]" : host.includes(":") ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

/** @throws {CommandError} Unless `text` is the address of a web server. Without a slash at the end. */
export function checkedUrl(option: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, "");
  throw new CommandError(`Cannot use ${option} "${text}": it is no URL; write one such as https://convex.example.com`);
}

/** Why nothing listens; `undefined` for what has nothing to do with it. */
export function listenText(error: unknown, { host, port, sitePort }: ListenOptions): string | undefined {
  const where = `Cannot listen on ${host}:${port} and ${sitePort}`;
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return `${where}: a port is taken; choose another with --port`;
    case "EADDRNOTAVAIL":
      return `${where}: this machine has no such address; 127.0.0.1 and ::1 are for this machine alone, 0.0.0.0 and :: for everybody`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EINVAL":
      return `${where}: "${host}" is no address of a machine; write one such as 127.0.0.1 or ::1`;
    case "EACCES":
      return `${where}: ports below 1024 are for the system; choose another with --port`;
    default:
      return undefined;
  }
}
