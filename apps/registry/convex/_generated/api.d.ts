/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as module_before_globalStats from "../before/globalStats.js";
import type * as module_before_leaderboards from "../before/leaderboards.js";
import type * as module_before_maintenance from "../before/maintenance.js";
import type * as module_before_moderation from "../before/moderation.js";
import type * as module_before_scans from "../before/scans.js";
import type * as module_before_skills from "../before/skills.js";
import type * as module_before_statEvents from "../before/statEvents.js";
import type * as module_before_users from "../before/users.js";
import type * as module_before_vt from "../before/vt.js";
import type * as module_crons from "../crons.js";
import type * as module_engagement from "../engagement.js";
import type * as module_globalStats from "../globalStats.js";
import type * as module_leaderboards from "../leaderboards.js";
import type * as module_maintenance from "../maintenance.js";
import type * as module_model_activeSkills from "../model/activeSkills.js";
import type * as module_model_backfills from "../model/backfills.js";
import type * as module_model_badges from "../model/badges.js";
import type * as module_model_detail from "../model/detail.js";
import type * as module_model_errors from "../model/errors.js";
import type * as module_model_fields from "../model/fields.js";
import type * as module_model_list from "../model/list.js";
import type * as module_model_listEntries from "../model/listEntries.js";
import type * as module_model_listKeys from "../model/listKeys.js";
import type * as module_model_listRead from "../model/listRead.js";
import type * as module_model_moderation from "../model/moderation.js";
import type * as module_model_moderationWalk from "../model/moderationWalk.js";
import type * as module_model_publishing from "../model/publishing.js";
import type * as module_model_rules from "../model/rules.js";
import type * as module_model_scanJobs from "../model/scanJobs.js";
import type * as module_model_scans from "../model/scans.js";
import type * as module_model_seedDemo from "../model/seedDemo.js";
import type * as module_model_seedPlan from "../model/seedPlan.js";
import type * as module_model_seedSkills from "../model/seedSkills.js";
import type * as module_model_seedText from "../model/seedText.js";
import type * as module_model_skillBatches from "../model/skillBatches.js";
import type * as module_model_skillWrites from "../model/skillWrites.js";
import type * as module_model_statEvents from "../model/statEvents.js";
import type * as module_model_trending from "../model/trending.js";
import type * as module_model_users from "../model/users.js";
import type * as module_model_verdicts from "../model/verdicts.js";
import type * as module_moderation from "../moderation.js";
import type * as module_scans from "../scans.js";
import type * as module_seed from "../seed.js";
import type * as module_skills from "../skills.js";
import type * as module_statEvents from "../statEvents.js";
import type * as module_users from "../users.js";
import type * as module_vt from "../vt.js";

declare const fullApi: ApiFromModules<{
  "before/globalStats": typeof module_before_globalStats;
  "before/leaderboards": typeof module_before_leaderboards;
  "before/maintenance": typeof module_before_maintenance;
  "before/moderation": typeof module_before_moderation;
  "before/scans": typeof module_before_scans;
  "before/skills": typeof module_before_skills;
  "before/statEvents": typeof module_before_statEvents;
  "before/users": typeof module_before_users;
  "before/vt": typeof module_before_vt;
  "crons": typeof module_crons;
  "engagement": typeof module_engagement;
  "globalStats": typeof module_globalStats;
  "leaderboards": typeof module_leaderboards;
  "maintenance": typeof module_maintenance;
  "model/activeSkills": typeof module_model_activeSkills;
  "model/backfills": typeof module_model_backfills;
  "model/badges": typeof module_model_badges;
  "model/detail": typeof module_model_detail;
  "model/errors": typeof module_model_errors;
  "model/fields": typeof module_model_fields;
  "model/list": typeof module_model_list;
  "model/listEntries": typeof module_model_listEntries;
  "model/listKeys": typeof module_model_listKeys;
  "model/listRead": typeof module_model_listRead;
  "model/moderation": typeof module_model_moderation;
  "model/moderationWalk": typeof module_model_moderationWalk;
  "model/publishing": typeof module_model_publishing;
  "model/rules": typeof module_model_rules;
  "model/scanJobs": typeof module_model_scanJobs;
  "model/scans": typeof module_model_scans;
  "model/seedDemo": typeof module_model_seedDemo;
  "model/seedPlan": typeof module_model_seedPlan;
  "model/seedSkills": typeof module_model_seedSkills;
  "model/seedText": typeof module_model_seedText;
  "model/skillBatches": typeof module_model_skillBatches;
  "model/skillWrites": typeof module_model_skillWrites;
  "model/statEvents": typeof module_model_statEvents;
  "model/trending": typeof module_model_trending;
  "model/users": typeof module_model_users;
  "model/verdicts": typeof module_model_verdicts;
  "moderation": typeof module_moderation;
  "scans": typeof module_scans;
  "seed": typeof module_seed;
  "skills": typeof module_skills;
  "statEvents": typeof module_statEvents;
  "users": typeof module_users;
  "vt": typeof module_vt;
}>;

/** Public functions: `api.myModule.myFunction`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: `internal.myModule.myFunction`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;

/** Functions of components; this app uses none. */
export declare const components: {};
