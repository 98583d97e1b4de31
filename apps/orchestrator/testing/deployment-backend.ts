/**
 * A backend that is a real deployment of this app, spoken to over HTTP as any client would.
 *
 * One deployment serves a whole run: to open it is to remove what the test before has left. Whoever has the deployment gives
 * its address and admin key; its ADMIN_PASSWORD has to be {@link PASSWORD}.
 */
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { internal } from "../convex/_generated/api.js";
import { PASSWORD, type BackendDriver } from "./backend.ts";

/** Where the deployment is. */
export interface DeploymentAddress {
  readonly url: string;
  readonly adminKey: string;
}

/** The parts of the HTTP client that are used; `setAdminAuth` is not in its public types. */
interface Client {
  setAdminAuth(key: string): void;
  query(fn: unknown, args: unknown): Promise<never>;
  mutation(fn: unknown, args: unknown, options?: { skipQueue: boolean }): Promise<never>;
}

/** A driver for one deployment. */
export function deploymentDriver(name: string, { url, adminKey }: DeploymentAddress): BackendDriver {
  return {
    name,
    open: async () => {
      const client = new ConvexHttpClient(url) as unknown as Client;
      const admin = new ConvexHttpClient(url) as unknown as Client;
      admin.setAdminAuth(adminKey);
      while (!((await admin.mutation(internal.seed.clear, {})) as { done: boolean }).done);
      // Without the client's queue: tests of concurrency want their mutations in flight together.
      const mutate = (fn: unknown, args: unknown) => client.mutation(fn, args, { skipQueue: true });
      return {
        query: (fn, args) => client.query(fn, { password: PASSWORD, ...args }),
        mutation: (fn, args) => mutate(fn, { password: PASSWORD, ...args }),
        raw: (kind, path, args) =>
          kind === "query"
            ? client.query(makeFunctionReference<"query">(path), args)
            : mutate(makeFunctionReference<"mutation">(path), args),
        internal: (fn, args) => admin.mutation(fn, args),
        close: async () => {},
      };
    },
  };
}
