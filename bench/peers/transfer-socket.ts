/**
 * The socket in front of the peers: the same kind, the same messages and the same client as Narrowcast's, and nothing else.
 *
 * @module
 */
import type { AddressInfo } from "node:net";
import { WebSocketServer } from "ws";
import { serveParent } from "../child.ts";

/** Balance of an account at the start. */
export const START_BALANCE = 1_000;

export interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

/** A database with accounts 0 to `count - 1`. */
export interface Bank {
  /** Durable when it returns. */
  transfer(transfer: Transfer): Promise<void> | void;
  /** Sum of all balances. */
  total(): Promise<number> | number;
  /** Transactions that had to be tried again. */
  readonly retries: number;
  close(): Promise<void> | void;
}

type BankRequest = { readonly type: "address" } | { readonly type: "total" };

interface CallText {
  readonly type: string;
  readonly requestId: number;
  readonly args: readonly [Transfer];
}

/** Serves `bank` on a free port and to the parent process. */
export async function serveBank(bank: Bank): Promise<void> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
  await new Promise<void>((resolve) => {
    server.once("listening", resolve);
  });
  server.on("connection", (socket) => {
    const answer = async ({ requestId, args: [transfer] }: CallText): Promise<void> => {
      const response = { type: "MutationResponse", requestId, logLines: [] };
      try {
        await bank.transfer(transfer);
        socket.send(JSON.stringify({ ...response, success: true, result: null, ts: "AAAAAAAAAAA=" }));
      } catch (error) {
        socket.send(JSON.stringify({ ...response, success: false, result: String(error), ts: null }));
      }
    };
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as CallText;
      if (message.type === "Mutation") void answer(message);
    });
  });
  serveParent(
    async ({ type }: BankRequest) => {
      if (type === "total") return { total: await bank.total(), retries: bank.retries };
      return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    },
    () => bank.close(),
  );
}
