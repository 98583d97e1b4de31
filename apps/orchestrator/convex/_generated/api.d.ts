/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import type * as assignments from "../assignments.js";
import type * as before_assignments from "../before/assignments.js";
import type * as before_chatJobs from "../before/chatJobs.js";
import type * as before_chatMessages from "../before/chatMessages.js";
import type * as before_chatThreads from "../before/chatThreads.js";
import type * as before_jobs from "../before/jobs.js";
import type * as before_namespaces from "../before/namespaces.js";
import type * as before_scheduler from "../before/scheduler.js";
import type * as chatJobs from "../chatJobs.js";
import type * as chatMessages from "../chatMessages.js";
import type * as chatThreads from "../chatThreads.js";
import type * as checks from "../checks.js";
import type * as jobs from "../jobs.js";
import type * as model_auth from "../model/auth.js";
import type * as model_chatContext from "../model/chatContext.js";
import type * as model_counts from "../model/counts.js";
import type * as model_dispatch from "../model/dispatch.js";
import type * as model_documents from "../model/documents.js";
import type * as model_errors from "../model/errors.js";
import type * as model_fields from "../model/fields.js";
import type * as model_findings from "../model/findings.js";
import type * as model_groups from "../model/groups.js";
import type * as model_seedDemo from "../model/seedDemo.js";
import type * as model_seedPlan from "../model/seedPlan.js";
import type * as model_seedText from "../model/seedText.js";
import type * as model_walk from "../model/walk.js";
import type * as namespaces from "../namespaces.js";
import type * as scheduler from "../scheduler.js";
import type * as seed from "../seed.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  assignments: typeof assignments;
  "before/assignments": typeof before_assignments;
  "before/chatJobs": typeof before_chatJobs;
  "before/chatMessages": typeof before_chatMessages;
  "before/chatThreads": typeof before_chatThreads;
  "before/jobs": typeof before_jobs;
  "before/namespaces": typeof before_namespaces;
  "before/scheduler": typeof before_scheduler;
  chatJobs: typeof chatJobs;
  chatMessages: typeof chatMessages;
  chatThreads: typeof chatThreads;
  checks: typeof checks;
  jobs: typeof jobs;
  "model/auth": typeof model_auth;
  "model/chatContext": typeof model_chatContext;
  "model/counts": typeof model_counts;
  "model/dispatch": typeof model_dispatch;
  "model/documents": typeof model_documents;
  "model/errors": typeof model_errors;
  "model/fields": typeof model_fields;
  "model/findings": typeof model_findings;
  "model/groups": typeof model_groups;
  "model/seedDemo": typeof model_seedDemo;
  "model/seedPlan": typeof model_seedPlan;
  "model/seedText": typeof model_seedText;
  "model/walk": typeof model_walk;
  namespaces: typeof namespaces;
  scheduler: typeof scheduler;
  seed: typeof seed;
}>;
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;
