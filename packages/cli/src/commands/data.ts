/**
 * `narrowcast data [table]`: lists the tables, or documents of one.
 *
 * @module
 */
import type { CommandContext } from "./context.ts";
import { CommandError } from "./context.ts";
import { ServerClient } from "./server-client.ts";
import { formatTable } from "../terminal/table.ts";

export interface DataOptions {
  readonly url: string;
  readonly adminKey: string;
  /** Documents to show, newest first unless `order` says otherwise. */
  readonly limit: number;
  readonly order: "asc" | "desc";
  readonly format: "pretty" | "jsonl" | "json";
}

interface Row {
  readonly [field: string]: unknown;
}

interface PageOf<T> {
  readonly page: readonly T[];
  readonly isDone: boolean;
  readonly continueCursor: string;
}

const TABLES_PER_PAGE = 100;

export async function dataCommand(
  context: CommandContext,
  table: string | undefined,
  options: DataOptions,
): Promise<number> {
  const client = new ServerClient(options.url, options.adminKey);
  const tables = await listTables(client);
  if (table === undefined) {
    context.stdout.write(tables.length === 0 ? "There are no tables yet.\n" : `${tables.join("\n")}\n`);
    return 0;
  }
  if (!tables.includes(table) && !table.startsWith("_")) {
    throw new CommandError(
      `Cannot show table "${table}": there is none of that name; tables are ${tables.join(", ") || "none yet"}`,
    );
  }
  const { page, isDone } = await readDocuments(client, table, options);
  context.stdout.write(`${format(page, options.format)}\n`);
  if (!isDone) context.stderr.write(context.colours.dim(`More than ${options.limit} documents; --limit shows more.\n`));
  return 0;
}

/** The first documents, in as many pages as the server makes of them; `isDone` when there are no more. */
async function readDocuments(
  client: ServerClient,
  table: string,
  { limit, order }: DataOptions,
): Promise<{ readonly page: readonly Row[]; readonly isDone: boolean }> {
  const rows: Row[] = [];
  for (let cursor: string | null = null, isDone = false; !isDone;) {
    const paginationOpts = { numItems: limit - rows.length, cursor };
    const result = (await client.query("_system/cli/tableData", { table, order, paginationOpts })) as PageOf<Row>;
    rows.push(...result.page);
    ({ isDone, continueCursor: cursor } = result);
    if (rows.length >= limit) return { page: rows, isDone };
  }
  return { page: rows, isDone: true };
}

async function listTables(client: ServerClient): Promise<string[]> {
  const names: string[] = [];
  for (let cursor: string | null = null, isDone = false; !isDone;) {
    const result = (await client.query("_system/cli/tables", {
      paginationOpts: { numItems: TABLES_PER_PAGE, cursor },
    })) as PageOf<{ readonly name: string }>;
    names.push(...result.page.map(({ name }) => name));
    ({ isDone, continueCursor: cursor } = result);
  }
  return names.sort();
}

function format(rows: readonly Row[], as: DataOptions["format"]): string {
  if (as === "json") return JSON.stringify(rows, null, 2);
  if (as === "jsonl") return rows.map((row) => JSON.stringify(row)).join("\n");
  if (rows.length === 0) return "There are no documents in this table.";
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort(byIdThenName);
  return formatTable(
    fields,
    rows.map((row) => fields.map((field) => cellText(row[field]))),
    40,
  );
}

function byIdThenName(a: string, b: string): number {
  return Number(b === "_id") - Number(a === "_id") || (a < b ? -1 : 1);
}

function cellText(value: unknown): string {
  return value === undefined ? "" : JSON.stringify(value);
}
