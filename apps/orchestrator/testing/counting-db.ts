/**
 * A view of `ctx.db` that notes every document it hands out, by table: how a test sees what a query reads.
 *
 * It counts what a read call returns. Documents that a filter rejects inside the database are not seen here; the real
 * server's own meter counts those.
 */
import type { QueryCtx } from "../convex/_generated/server.js";

/** Documents handed out, by table. */
export type Reads = Record<string, number>;

/** A read-only context over `db` that adds to `reads`. */
export function countingCtx(db: QueryCtx["db"], reads: Reads): QueryCtx {
  const note = (table: string, documents: number) => {
    reads[table] = (reads[table] ?? 0) + documents;
  };
  const counted = {
    get: async (table: string, id: string) => {
      const document = await db.get(table as "jobs", id as never);
      note(table, document === null ? 0 : 1);
      return document;
    },
    query: (table: string) => countingQuery(db.query(table as "jobs"), (documents) => note(table, documents)),
  };
  return { db: counted } as unknown as QueryCtx;
}

/** Terminals are counted, everything else gives another query. */
function countingQuery(query: object, note: (documents: number) => void): object {
  return new Proxy(query, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      const call = (...args: unknown[]): unknown => Reflect.apply(member, target, args);
      if (name === "collect" || name === "take") {
        return async (...args: unknown[]) => {
          const documents = (await call(...args)) as unknown[];
          note(documents.length);
          return documents;
        };
      }
      if (name === "first" || name === "unique") {
        return async () => {
          const document = await call();
          note(document === null ? 0 : 1);
          return document;
        };
      }
      if (name === Symbol.asyncIterator) {
        return async function* iterate() {
          for await (const document of target as AsyncIterable<unknown>) {
            note(1);
            yield document;
          }
        };
      }
      return (...args: unknown[]) => countingQuery(call(...args) as object, note);
    },
  });
}
