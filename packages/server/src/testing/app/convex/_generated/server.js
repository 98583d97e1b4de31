/* eslint-disable */
/**
 * Builders of this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import {
  actionGeneric,
  httpActionGeneric,
  internalActionGeneric,
  internalMutationGeneric,
  internalQueryGeneric,
  mutationGeneric,
  queryGeneric,
} from "convex/server";

/** Defines a query that clients may call: reads, and is kept up to date. */
export const query = queryGeneric;

/** Defines a query that only other functions may call. */
export const internalQuery = internalQueryGeneric;

/** Defines a mutation that clients may call: reads and writes in one transaction. */
export const mutation = mutationGeneric;

/** Defines a mutation that only other functions may call. */
export const internalMutation = internalMutationGeneric;

/** Defines an action that clients may call: may use the network, and calls queries and mutations. */
export const action = actionGeneric;

/** Defines an action that only other functions may call. */
export const internalAction = internalActionGeneric;

/** Defines an HTTP action, to be routed in http.ts. */
export const httpAction = httpActionGeneric;

/** Environment variables of the deployment. */
export const env = process.env;
