/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as module_assignments from "../assignments.js";
import type * as module_before_assignments from "../before/assignments.js";
import type * as module_before_chatJobs from "../before/chatJobs.js";
import type * as module_before_chatMessages from "../before/chatMessages.js";
import type * as module_before_chatThreads from "../before/chatThreads.js";
import type * as module_before_jobs from "../before/jobs.js";
import type * as module_before_namespaces from "../before/namespaces.js";
import type * as module_before_scheduler from "../before/scheduler.js";
import type * as module_chatJobs from "../chatJobs.js";
import type * as module_chatMessages from "../chatMessages.js";
import type * as module_chatThreads from "../chatThreads.js";
import type * as module_checks from "../checks.js";
import type * as module_jobs from "../jobs.js";
import type * as module_model_auth from "../model/auth.js";
import type * as module_model_chatContext from "../model/chatContext.js";
import type * as module_model_counts from "../model/counts.js";
import type * as module_model_dispatch from "../model/dispatch.js";
import type * as module_model_documents from "../model/documents.js";
import type * as module_model_errors from "../model/errors.js";
import type * as module_model_fields from "../model/fields.js";
import type * as module_model_findings from "../model/findings.js";
import type * as module_model_groups from "../model/groups.js";
import type * as module_model_seedDemo from "../model/seedDemo.js";
import type * as module_model_seedPlan from "../model/seedPlan.js";
import type * as module_model_seedText from "../model/seedText.js";
import type * as module_model_walk from "../model/walk.js";
import type * as module_namespaces from "../namespaces.js";
import type * as module_scheduler from "../scheduler.js";
import type * as module_seed from "../seed.js";

declare const fullApi: ApiFromModules<{
  "assignments": typeof module_assignments;
  "before/assignments": typeof module_before_assignments;
  "before/chatJobs": typeof module_before_chatJobs;
  "before/chatMessages": typeof module_before_chatMessages;
  "before/chatThreads": typeof module_before_chatThreads;
  "before/jobs": typeof module_before_jobs;
  "before/namespaces": typeof module_before_namespaces;
  "before/scheduler": typeof module_before_scheduler;
  "chatJobs": typeof module_chatJobs;
  "chatMessages": typeof module_chatMessages;
  "chatThreads": typeof module_chatThreads;
  "checks": typeof module_checks;
  "jobs": typeof module_jobs;
  "model/auth": typeof module_model_auth;
  "model/chatContext": typeof module_model_chatContext;
  "model/counts": typeof module_model_counts;
  "model/dispatch": typeof module_model_dispatch;
  "model/documents": typeof module_model_documents;
  "model/errors": typeof module_model_errors;
  "model/fields": typeof module_model_fields;
  "model/findings": typeof module_model_findings;
  "model/groups": typeof module_model_groups;
  "model/seedDemo": typeof module_model_seedDemo;
  "model/seedPlan": typeof module_model_seedPlan;
  "model/seedText": typeof module_model_seedText;
  "model/walk": typeof module_model_walk;
  "namespaces": typeof module_namespaces;
  "scheduler": typeof module_scheduler;
  "seed": typeof module_seed;
}>;

/** Public functions: `api.myModule.myFunction`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: `internal.myModule.myFunction`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;

/** Functions of components; this app uses none. */
export declare const components: {};
