/**
 * The services outside, as a server on this machine that answers from the same script as the app's own HTTP actions, and can refuse.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { scriptedAnswer } from "../convex/model/scriptedServices.ts";

/** A running peer. */
export interface ServicePeer {
  readonly url: string;
  /** Questions so far, by path. */
  readonly asked: ReadonlyMap<string, number>;
  /** Does not keep the process alive. */
  unref(): void;
  close(): Promise<void>;
}

/** What decides, with a path and the number of the question on that path (from 1), whether the answer is "too many requests". */
export type Refusal = (path: string, question: number) => boolean;

/** Starts a peer on a free port. */
export async function servicePeer(refuses: Refusal = () => false): Promise<ServicePeer> {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://peer");
    const question = (asked.get(pathname) ?? 0) + 1;
    asked.set(pathname, question);
    const refused = { status: 429, body: { error: "Too many requests" } };
    const { status, body } = refuses(pathname, question) ? refused : scriptedAnswer(pathname, searchParams);
    response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}`, asked, unref: () => void server.unref(), close };
}

/** The share of questions that the music service answers in the story: each 43rd, so that 97.7 % are refused. */
export const ANSWERED_EACH = 43;
