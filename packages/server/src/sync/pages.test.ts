/**
 * Goal: the list of pages that the official client keeps is the table up to where the list ends, after every write.
 *
 * Method: random histories, with the client's own rules for pages that should be split. The function reads at most four rows for a page.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { items, openClient, resultsOf } from "./testing/clients.ts";
import { eventually } from "./testing/eventually.ts";
import { openTestServer } from "../testing/network-server.ts";

const SIMS = Number(process.env["SIMS"] ?? 8);

interface Shown {
  readonly results: number[];
  readonly status: string;
  loadMore(count: number): boolean;
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("add"), n: fc.nat({ max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("remove"), n: fc.nat({ max: 40 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("loadMore"), n: fc.integer({ min: 1, max: 6 }) }) },
);

test.each(["fields", "document"] as const)(
  "pages of the official client are the table, by the rules of %s",
  async (tracking) => {
    const server = await openTestServer({}, { tracking });
    const client = openClient(server.url);
    let tags = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        fc.integer({ min: 1, max: 5 }),
        fc.array(step, { minLength: 12, maxLength: 30 }),
        async (odd, initialNumItems, steps) => {
          const tag = `${tags++}`;
          const rows: number[] = [];
          const lists = resultsOf<Shown>((callback) =>
            client.onPaginatedUpdate_experimental(
              items.narrowPage as never,
              { tag, odd } as never,
              { initialNumItems },
              callback as never,
            ),
          );
          await eventually(() => lists.length).toBeGreaterThan(0);
          const expected = () => rows.filter((n) => !odd || n % 2 === 1).toSorted((a, b) => a - b);
          for (const { kind, n } of steps) {
            if (kind === "loadMore") lists.at(-1)?.loadMore(n);
            else if (kind === "add") {
              await client.mutation(items.add, { tag, n });
              rows.push(n);
            } else if (rows.includes(n)) {
              await client.mutation(items.remove, { tag, n });
              rows.splice(rows.indexOf(n), 1);
            }
            const shown = lists.at(-1)?.results ?? [];
            expect(shown).toEqual(expected().slice(0, shown.length));
          }
          // The table grew behind and inside the pages that were loaded when it was small; what is loaded to the end is all of it.
          await eventually(() => {
            const last = lists.at(-1);
            if (last?.status === "CanLoadMore") last.loadMore(50);
            return last?.status;
          }).toBe("Exhausted");
          expect(lists.at(-1)?.results).toEqual(expected());
        },
      ),
      { numRuns: SIMS, endOnFailure: true },
    );
    await client.close();
    await server.close();
  },
);
