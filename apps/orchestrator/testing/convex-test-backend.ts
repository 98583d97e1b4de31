/**
 * A deployment in memory by `convex-test`: an engine that shares no code with the server, and so a second opinion.
 *
 * It has no subscriptions and enforces no limits; what is tested of those is tested on a real server.
 */
import { convexTest } from "convex-test";
import { makeFunctionReference } from "convex/server";
import schema from "../convex/schema.ts";
import { PASSWORD, type ArrangeableBackend, type BackendDriver } from "./backend.ts";

const modules = import.meta.glob("../convex/**/*.{js,ts}");

/** The driver. */
export const convexTestDriver: BackendDriver<ArrangeableBackend> = {
  name: "convex-test",
  open: async () => {
    process.env.ADMIN_PASSWORD = PASSWORD;
    const deployment = convexTest(schema, modules);
    // Its own types infer a result from a function reference known at compile time; here it is a parameter.
    const query = deployment.query as (fn: unknown, args: unknown) => Promise<never>;
    const mutation = deployment.mutation as (fn: unknown, args: unknown) => Promise<never>;
    return {
      query: (fn, args) => query(fn, { password: PASSWORD, ...args }),
      mutation: (fn, args) => mutation(fn, { password: PASSWORD, ...args }),
      raw: (kind, path, args) =>
        kind === "query"
          ? query(makeFunctionReference<"query">(path), args)
          : mutation(makeFunctionReference<"mutation">(path), args),
      internal: (fn, args) => mutation(fn, args),
      arrange: (body) => deployment.run((ctx) => body(ctx)),
      unsetPassword: async () => {
        delete process.env.ADMIN_PASSWORD;
      },
      close: async () => {},
    };
  },
};
