/**
 * Point queries over a working set several times the memory budget, over a socket, every document equally likely.
 *
 * Expected before measuring: a query of a document that is not in memory costs one or two reads of the base, which the system's cache
 * answers in microseconds; so little more than a query of one that is.
 *
 * @module
 */
import { percentile } from "../compare.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";
import { BenchServer, loadBatches, withClient } from "../server.ts";

const DOCUMENT_CHARS = 4_000;
const BATCH = 200;
const HOT = 16;
const WARM_UP = 0.2;
const MEBIBYTE = 1024 ** 2;

export async function largerThanMemory(scale: Scale): Promise<Row[]> {
  const documents = Math.floor(scale.pagedBytes / DOCUMENT_CHARS);
  const server = await BenchServer.start({ memoryBytes: scale.pagedBudgetBytes });
  try {
    await loadBatches(server.url, "blobs:load", documents, { chars: DOCUMENT_CHARS }, BATCH);
    await server.untilQuiet();
    const anywhere = await latencies(server.url, documents, scale.pagedQueries);
    const hot = await latencies(server.url, HOT, scale.pagedQueries);
    const { heldBytes, residentBytes } = await server.child.usage();
    const p50 = percentile(anywhere, 0.5);
    const place = `${Math.round(scale.pagedBytes / MEBIBYTE)} MiB of documents under ${Math.round(scale.pagedBudgetBytes / MEBIBYTE)} MiB`;
    return [
      {
        name: `point query over a socket, p50, ${place}`,
        value: p50,
        unit: "us",
        limit: { name: `the same of ${HOT} documents only`, value: percentile(hot, 0.5) },
        ratio: p50 / percentile(hot, 0.5),
        note: `the server holds ${Math.round(heldBytes / MEBIBYTE)} MiB; with mapped files ${Math.round(residentBytes / MEBIBYTE)} MiB`,
      },
      checked(
        {
          name: `point query over a socket, p99, ${place}`,
          value: percentile(anywhere, 0.99) / 1000,
          unit: "ms",
          limit: { name: `the same of ${HOT} documents only`, value: percentile(hot, 0.99) / 1000 },
          ratio: percentile(anywhere, 0.99) / percentile(hot, 0.99),
          ...(scale.name === "full" ? {} : { note: "the target is for 4 GiB under 512 MiB (--full)" }),
        },
        "value",
        "<=",
        2,
      ),
    ];
  } finally {
    await server.close();
  }
}

/** Microseconds of `count` queries, one after the other. Runs of the same document may be shared: that is what hot means. */
function latencies(url: string, among: number, count: number): Promise<number[]> {
  return withClient(url, async (client) => {
    const found: number[] = [];
    for (let n = 0; n < count; n++) {
      const number = Math.floor(Math.random() * among);
      const startMs = performance.now();
      const length = await client.ask("blobs:find", { number });
      if (n >= count * WARM_UP) found.push((performance.now() - startMs) * 1000);
      if (length !== DOCUMENT_CHARS)
        throw new Error(`Cannot go on: document ${number} has ${JSON.stringify(length)} characters`);
    }
    return found;
  });
}
