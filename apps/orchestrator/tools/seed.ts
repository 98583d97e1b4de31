/**
 * Fills an empty deployment: `tsx tools/seed.ts typical|worst|demo|clear [--seed n] [--url address] [--admin-key key]`.
 *
 * The functions that write are internal, so the deployment's admin key is needed; address and key also come from
 * CONVEX_URL and CONVEX_ADMIN_KEY. The same state and seed give the same texts.
 */
import { parseArgs } from "node:util";
import { ConvexHttpClient } from "convex/browser";
import { internal } from "../convex/_generated/api.js";

const usage = "usage: tsx tools/seed.ts typical|worst|demo|clear [--seed n] [--url address] [--admin-key key]";
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: "string", default: "1" },
    url: { type: "string", default: process.env.CONVEX_URL ?? "" },
    "admin-key": { type: "string", default: process.env.CONVEX_ADMIN_KEY ?? "" },
  },
});
const [state] = positionals;
if (
  (state !== "typical" && state !== "worst" && state !== "demo" && state !== "clear") ||
  values.url === "" ||
  values["admin-key"] === ""
) {
  process.stderr.write(`${usage}\n`);
  process.exit(2);
}

/** The HTTP client's admin form, which its public types leave out. */
interface AdminClient {
  setAdminAuth(key: string): void;
  mutation(fn: unknown, args: object): Promise<unknown>;
}

const client = new ConvexHttpClient(values.url) as unknown as AdminClient;
client.setAdminAuth(values["admin-key"]);
try {
  if (state === "demo") {
    const { loaded, namespace } = (await client.mutation(internal.seed.demo, {})) as {
      loaded: boolean;
      namespace: string;
    };
    process.stdout.write(loaded ? `demo data written to namespace "${namespace}"\n` : `demo data is there already\n`);
  } else if (state === "clear") {
    while (!((await client.mutation(internal.seed.clear, {})) as { done: boolean }).done);
    process.stdout.write("all data removed\n");
  } else {
    await seedAll(state);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

async function seedAll(wanted: "typical" | "worst"): Promise<void> {
  const now = Date.now();
  let number: number | null = 0;
  while (number !== null) {
    const args: object = { state: wanted, seed: Number(values.seed), now, number };
    const { next, total } = (await client.mutation(internal.seed.step, args)) as { next: number | null; total: number };
    const done = next ?? total;
    if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${total} steps`);
    number = next;
  }
  process.stderr.write(process.stderr.isTTY ? "\n" : "");
  process.stdout.write(`data set "${wanted}" written\n`);
}
