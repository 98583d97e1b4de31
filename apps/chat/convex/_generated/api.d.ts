/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as module_after_chats from "../after/chats.js";
import type * as module_after_crons from "../after/crons.js";
import type * as module_after_files from "../after/files.js";
import type * as module_after_lib_dbStats from "../after/lib/dbStats.js";
import type * as module_after_messages from "../after/messages.js";
import type * as module_after_migrations from "../after/migrations.js";
import type * as module_after_users from "../after/users.js";
import type * as module_answers from "../answers.js";
import type * as module_before_chats from "../before/chats.js";
import type * as module_before_crons from "../before/crons.js";
import type * as module_before_files from "../before/files.js";
import type * as module_before_messages from "../before/messages.js";
import type * as module_before_users from "../before/users.js";
import type * as module_chats from "../chats.js";
import type * as module_crons from "../crons.js";
import type * as module_files from "../files.js";
import type * as module_lib_dbStats from "../lib/dbStats.js";
import type * as module_messages from "../messages.js";
import type * as module_migrations from "../migrations.js";
import type * as module_model_access from "../model/access.js";
import type * as module_model_binning from "../model/binning.js";
import type * as module_model_budget from "../model/budget.js";
import type * as module_model_chatRules from "../model/chatRules.js";
import type * as module_model_chatRuns from "../model/chatRuns.js";
import type * as module_model_errors from "../model/errors.js";
import type * as module_model_fields from "../model/fields.js";
import type * as module_model_fileRules from "../model/fileRules.js";
import type * as module_model_limits from "../model/limits.js";
import type * as module_model_migrationShapes from "../model/migrationShapes.js";
import type * as module_model_purge from "../model/purge.js";
import type * as module_model_random from "../model/random.js";
import type * as module_model_reading from "../model/reading.js";
import type * as module_model_scans from "../model/scans.js";
import type * as module_model_script from "../model/script.js";
import type * as module_model_seedDemo from "../model/seedDemo.js";
import type * as module_model_seedPlan from "../model/seedPlan.js";
import type * as module_model_seedText from "../model/seedText.js";
import type * as module_model_seedWrite from "../model/seedWrite.js";
import type * as module_model_sending from "../model/sending.js";
import type * as module_model_statKeys from "../model/statKeys.js";
import type * as module_model_statsCount from "../model/statsCount.js";
import type * as module_model_statsRun from "../model/statsRun.js";
import type * as module_model_tally from "../model/tally.js";
import type * as module_model_text from "../model/text.js";
import type * as module_model_upsert from "../model/upsert.js";
import type * as module_model_userRules from "../model/userRules.js";
import type * as module_seed from "../seed.js";
import type * as module_stats from "../stats.js";
import type * as module_users from "../users.js";

declare const fullApi: ApiFromModules<{
  "after/chats": typeof module_after_chats;
  "after/crons": typeof module_after_crons;
  "after/files": typeof module_after_files;
  "after/lib/dbStats": typeof module_after_lib_dbStats;
  "after/messages": typeof module_after_messages;
  "after/migrations": typeof module_after_migrations;
  "after/users": typeof module_after_users;
  "answers": typeof module_answers;
  "before/chats": typeof module_before_chats;
  "before/crons": typeof module_before_crons;
  "before/files": typeof module_before_files;
  "before/messages": typeof module_before_messages;
  "before/users": typeof module_before_users;
  "chats": typeof module_chats;
  "crons": typeof module_crons;
  "files": typeof module_files;
  "lib/dbStats": typeof module_lib_dbStats;
  "messages": typeof module_messages;
  "migrations": typeof module_migrations;
  "model/access": typeof module_model_access;
  "model/binning": typeof module_model_binning;
  "model/budget": typeof module_model_budget;
  "model/chatRules": typeof module_model_chatRules;
  "model/chatRuns": typeof module_model_chatRuns;
  "model/errors": typeof module_model_errors;
  "model/fields": typeof module_model_fields;
  "model/fileRules": typeof module_model_fileRules;
  "model/limits": typeof module_model_limits;
  "model/migrationShapes": typeof module_model_migrationShapes;
  "model/purge": typeof module_model_purge;
  "model/random": typeof module_model_random;
  "model/reading": typeof module_model_reading;
  "model/scans": typeof module_model_scans;
  "model/script": typeof module_model_script;
  "model/seedDemo": typeof module_model_seedDemo;
  "model/seedPlan": typeof module_model_seedPlan;
  "model/seedText": typeof module_model_seedText;
  "model/seedWrite": typeof module_model_seedWrite;
  "model/sending": typeof module_model_sending;
  "model/statKeys": typeof module_model_statKeys;
  "model/statsCount": typeof module_model_statsCount;
  "model/statsRun": typeof module_model_statsRun;
  "model/tally": typeof module_model_tally;
  "model/text": typeof module_model_text;
  "model/upsert": typeof module_model_upsert;
  "model/userRules": typeof module_model_userRules;
  "seed": typeof module_seed;
  "stats": typeof module_stats;
  "users": typeof module_users;
}>;

/** Public functions: `api.myModule.myFunction`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: `internal.myModule.myFunction`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;

/** Functions of components; this app uses none. */
export declare const components: {};
