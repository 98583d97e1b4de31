/* eslint-disable */
/**
 * Builders of this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type {
  ActionBuilder,
  GenericActionCtx,
  GenericDatabaseReader,
  GenericDatabaseWriter,
  GenericMutationCtx,
  GenericQueryCtx,
  HttpActionBuilder,
  MutationBuilder,
  QueryBuilder,
} from "convex/server";
import type { DataModel } from "./dataModel.js";

/** Defines a query that clients may call: reads, and is kept up to date. */
export declare const query: QueryBuilder<DataModel, "public">;

/** Defines a query that only other functions may call. */
export declare const internalQuery: QueryBuilder<DataModel, "internal">;

/** Defines a mutation that clients may call: reads and writes in one transaction. */
export declare const mutation: MutationBuilder<DataModel, "public">;

/** Defines a mutation that only other functions may call. */
export declare const internalMutation: MutationBuilder<DataModel, "internal">;

/** Defines an action that clients may call: may use the network, and calls queries and mutations. */
export declare const action: ActionBuilder<DataModel, "public">;

/** Defines an action that only other functions may call. */
export declare const internalAction: ActionBuilder<DataModel, "internal">;

/** Defines an HTTP action, to be routed in http.ts. */
export declare const httpAction: HttpActionBuilder;

type Env = {
  readonly CONVEX_CLOUD_URL: string;
  readonly CONVEX_SITE_URL: string;
  readonly [name: string]: string | undefined;
};

/** Environment variables of the deployment. */
export declare const env: Env;

/** What handlers of queries get first. */
export type QueryCtx = GenericQueryCtx<DataModel>;

/** What handlers of mutations get first. */
export type MutationCtx = GenericMutationCtx<DataModel>;

/** What handlers of actions and HTTP actions get first. */
export type ActionCtx = GenericActionCtx<DataModel>;

/** `ctx.db` of queries. */
export type DatabaseReader = GenericDatabaseReader<DataModel>;

/** `ctx.db` of mutations. */
export type DatabaseWriter = GenericDatabaseWriter<DataModel>;
