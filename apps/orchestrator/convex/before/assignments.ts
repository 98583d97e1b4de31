/**
 * The *before* form of `assignments`: without the chain query and the backfill, which came later.
 *
 * The mutations are the same ones, with their counters. Both sets work on the same tables, and a counter that only half
 * of the writers keep is wrong; see "Two sets of functions" in the app's README.
 */
export { block, complete, create, get, getWithGroups, list, remove, unblock, update } from "../assignments.ts";
