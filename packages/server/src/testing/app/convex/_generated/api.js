/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import { anyApi, componentsGeneric } from "convex/server";

/** Public functions: `api.myModule.myFunction`. */
export const api = anyApi;

/** Internal functions: `internal.myModule.myFunction`. */
export const internal = anyApi;

/** Functions of components. */
export const components = componentsGeneric();
