/**
 * Node with better-sqlite3, as an app writes it: WAL, `synchronous = FULL`, one immediate transaction a request.
 *
 *   sqlite-process.ts DIRECTORY ACCOUNTS
 *
 * @module
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { serveBank, START_BALANCE, type Transfer } from "./transfer-socket.ts";

/** The part of better-sqlite3 that is used; the package is installed on demand. */
interface Statement {
  run(...values: number[]): unknown;
  get(...values: number[]): { readonly balance: number } | undefined;
}
interface Sqlite {
  pragma(text: string): unknown;
  exec(text: string): unknown;
  prepare(text: string): Statement;
  transaction<A extends readonly unknown[]>(body: (...args: A) => void): { immediate(...args: A): void };
  close(): void;
}

const require = createRequire(import.meta.url);
const Database = require("better-sqlite3") as new (file: string) => Sqlite;
const [directory = "", accounts = "0"] = process.argv.slice(2);

const database = new Database(join(directory, "bank.sqlite"));
database.pragma("journal_mode = WAL");
database.pragma("synchronous = FULL");
database.exec("CREATE TABLE accounts (number INTEGER PRIMARY KEY, balance INTEGER NOT NULL)");
const insert = database.prepare("INSERT INTO accounts VALUES (?, ?)");
const fill = database.transaction((count: number) => {
  for (let number = 0; number < count; number++) insert.run(number, START_BALANCE);
});
fill.immediate(Number(accounts));
const read = database.prepare("SELECT balance FROM accounts WHERE number = ?");
const write = database.prepare("UPDATE accounts SET balance = ? WHERE number = ?");
const sum = database.prepare("SELECT sum(balance) AS balance FROM accounts");

const transfer = database.transaction(({ from, to, amount }: Transfer) => {
  const payer = read.get(from);
  const payee = read.get(to);
  if (payer === undefined || payee === undefined) throw new Error("Cannot transfer: there is no such account");
  write.run(payer.balance - amount, from);
  write.run(payee.balance + amount, to);
});

await serveBank({
  transfer: (request) => transfer.immediate(request),
  total: () => sum.get()?.balance ?? Number.NaN,
  retries: 0,
  close: () => database.close(),
});
