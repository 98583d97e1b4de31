/**
 * Node with `pg` and PostgreSQL, as an app writes it: serializable transactions on a pool, tried again when they collide.
 *
 *   postgres-process.ts PORT ACCOUNTS
 *
 * @module
 */
import { createRequire } from "node:module";
import { pause } from "../load.ts";
import { serveBank, START_BALANCE, type Transfer } from "./transfer-socket.ts";

/** The part of pg that is used; the package is installed on demand. */
interface Statement {
  readonly name: string;
  readonly text: string;
  readonly values?: readonly number[];
}
interface Result {
  readonly rows: readonly { readonly balance: string }[];
}
interface Client {
  query(statement: Statement | string): Promise<Result>;
  release(): void;
}
interface Pool {
  connect(): Promise<Client>;
  query(text: string): Promise<Result>;
  end(): Promise<void>;
}

/** More connections than cores keep the disk's flushes shared; more than this only collide more. */
const CONNECTIONS = 32;
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK = "40P01";
/** Longest pause before another try, doubled from 1 ms with each. */
const PAUSE_MS_MAX = 32;

const require = createRequire(import.meta.url);
const { Pool } = require("pg") as { Pool: new (options: object) => Pool };
const [port = "0", accounts = "0"] = process.argv.slice(2);
const pool = new Pool({ host: "127.0.0.1", port: Number(port), user: "bench", database: "postgres", max: CONNECTIONS });
await pool.query("CREATE TABLE accounts (number integer PRIMARY KEY, balance bigint NOT NULL)");
await pool.query(`INSERT INTO accounts SELECT n, ${START_BALANCE} FROM generate_series(0, ${Number(accounts) - 1}) n`);
await pool.query("VACUUM ANALYZE accounts");
let retries = 0;

await serveBank({
  transfer,
  total: async () => Number((await pool.query("SELECT sum(balance) AS balance FROM accounts")).rows[0]?.balance),
  get retries() {
    return retries;
  },
  close: () => pool.end(),
});

async function transfer(request: Transfer): Promise<void> {
  const client = await pool.connect();
  try {
    for (let tries = 0; ; tries++) {
      try {
        await attempt(client, request);
        return;
      } catch (error) {
        await client.query("ROLLBACK");
        const { code } = error as { code?: string };
        if (code !== SERIALIZATION_FAILURE && code !== DEADLOCK) throw error;
        retries += 1;
        await pause(Math.random() * Math.min(PAUSE_MS_MAX, 2 ** tries));
      }
    }
  } finally {
    client.release();
  }
}

async function attempt(client: Client, { from, to, amount }: Transfer): Promise<void> {
  await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
  const payer = await read(client, from);
  const payee = await read(client, to);
  // Always in the same order, or else most collisions become deadlocks, which take a second each to be found.
  const payment = [from, payer - amount] as const;
  const receipt = [to, payee + amount] as const;
  for (const [number, balance] of from < to ? [payment, receipt] : [receipt, payment]) {
    await write(client, number, balance);
  }
  await client.query("COMMIT");
}

async function read(client: Client, number: number): Promise<number> {
  const text = "SELECT balance FROM accounts WHERE number = $1";
  const { rows } = await client.query({ name: "read", text, values: [number] });
  return Number(rows[0]?.balance);
}

async function write(client: Client, number: number, balance: number): Promise<void> {
  const text = "UPDATE accounts SET balance = $1 WHERE number = $2";
  await client.query({ name: "write", text, values: [balance, number] });
}
