/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as module_crons from "../crons.js";
import type * as module_files from "../files.js";
import type * as module_http from "../http.js";
import type * as module_maintenance from "../maintenance.js";
import type * as module_messages from "../messages.js";
import type * as module_rooms_admin from "../rooms/admin.js";
import type * as module_text from "../text.js";

declare const fullApi: ApiFromModules<{
  "crons": typeof module_crons;
  "files": typeof module_files;
  "http": typeof module_http;
  "maintenance": typeof module_maintenance;
  "messages": typeof module_messages;
  "rooms/admin": typeof module_rooms_admin;
  "text": typeof module_text;
}>;

/** Public functions: `api.myModule.myFunction`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: `internal.myModule.myFunction`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;

/** Functions of components; this app uses none. */
export declare const components: {};
