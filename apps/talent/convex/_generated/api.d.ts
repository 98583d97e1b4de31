/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as module_after_attendance from "../after/attendance.js";
import type * as module_after_emails_batchActions from "../after/emails/batchActions.js";
import type * as module_after_emails_send from "../after/emails/send.js";
import type * as module_after_engagement from "../after/engagement.js";
import type * as module_after_events from "../after/events.js";
import type * as module_after_matches from "../after/matches.js";
import type * as module_after_matching from "../after/matching.js";
import type * as module_after_programs from "../after/programs.js";
import type * as module_attendance from "../attendance.js";
import type * as module_before_attendance from "../before/attendance.js";
import type * as module_before_emails_batchActions from "../before/emails/batchActions.js";
import type * as module_before_emails_send from "../before/emails/send.js";
import type * as module_before_engagement from "../before/engagement.js";
import type * as module_before_events from "../before/events.js";
import type * as module_before_matches from "../before/matches.js";
import type * as module_before_matching from "../before/matching.js";
import type * as module_before_programs from "../before/programs.js";
import type * as module_crons from "../crons.js";
import type * as module_demo from "../demo.js";
import type * as module_emails_batchActions from "../emails/batchActions.js";
import type * as module_emails_mailer from "../emails/mailer.js";
import type * as module_emails_oneByOne from "../emails/oneByOne.js";
import type * as module_emails_outbox from "../emails/outbox.js";
import type * as module_emails_send from "../emails/send.js";
import type * as module_emails_templates_compose from "../emails/templates/compose.js";
import type * as module_emails_templates_events from "../emails/templates/events.js";
import type * as module_emails_templates_layout from "../emails/templates/layout.js";
import type * as module_emails_templates_matches from "../emails/templates/matches.js";
import type * as module_engagement from "../engagement.js";
import type * as module_events from "../events.js";
import type * as module_http from "../http.js";
import type * as module_matches from "../matches.js";
import type * as module_matching from "../matching.js";
import type * as module_model_askModel from "../model/askModel.js";
import type * as module_model_attendanceReads from "../model/attendanceReads.js";
import type * as module_model_attendanceShapes from "../model/attendanceShapes.js";
import type * as module_model_attendanceWrites from "../model/attendanceWrites.js";
import type * as module_model_engagement from "../model/engagement.js";
import type * as module_model_eventPrompts from "../model/eventPrompts.js";
import type * as module_model_fields from "../model/fields.js";
import type * as module_model_join from "../model/join.js";
import type * as module_model_mailBatches from "../model/mailBatches.js";
import type * as module_model_mailContents from "../model/mailContents.js";
import type * as module_model_mailHours from "../model/mailHours.js";
import type * as module_model_matchFields from "../model/matchFields.js";
import type * as module_model_matchReads from "../model/matchReads.js";
import type * as module_model_matchRun from "../model/matchRun.js";
import type * as module_model_matchShapes from "../model/matchShapes.js";
import type * as module_model_matchWork from "../model/matchWork.js";
import type * as module_model_matchingRules from "../model/matchingRules.js";
import type * as module_model_memberNames from "../model/memberNames.js";
import type * as module_model_outbox from "../model/outbox.js";
import type * as module_model_participation from "../model/participation.js";
import type * as module_model_performanceLog from "../model/performanceLog.js";
import type * as module_model_profileFields from "../model/profileFields.js";
import type * as module_model_seedPeople from "../model/seedPeople.js";
import type * as module_model_seedPlan from "../model/seedPlan.js";
import type * as module_model_seedText from "../model/seedText.js";
import type * as module_model_seedWrite from "../model/seedWrite.js";
import type * as module_model_simulatedModel from "../model/simulatedModel.js";
import type * as module_model_viewer from "../model/viewer.js";
import type * as module_opportunities from "../opportunities.js";
import type * as module_profiles from "../profiles.js";
import type * as module_programs from "../programs.js";
import type * as module_seed from "../seed.js";

declare const fullApi: ApiFromModules<{
  "after/attendance": typeof module_after_attendance;
  "after/emails/batchActions": typeof module_after_emails_batchActions;
  "after/emails/send": typeof module_after_emails_send;
  "after/engagement": typeof module_after_engagement;
  "after/events": typeof module_after_events;
  "after/matches": typeof module_after_matches;
  "after/matching": typeof module_after_matching;
  "after/programs": typeof module_after_programs;
  "attendance": typeof module_attendance;
  "before/attendance": typeof module_before_attendance;
  "before/emails/batchActions": typeof module_before_emails_batchActions;
  "before/emails/send": typeof module_before_emails_send;
  "before/engagement": typeof module_before_engagement;
  "before/events": typeof module_before_events;
  "before/matches": typeof module_before_matches;
  "before/matching": typeof module_before_matching;
  "before/programs": typeof module_before_programs;
  "crons": typeof module_crons;
  "demo": typeof module_demo;
  "emails/batchActions": typeof module_emails_batchActions;
  "emails/mailer": typeof module_emails_mailer;
  "emails/oneByOne": typeof module_emails_oneByOne;
  "emails/outbox": typeof module_emails_outbox;
  "emails/send": typeof module_emails_send;
  "emails/templates/compose": typeof module_emails_templates_compose;
  "emails/templates/events": typeof module_emails_templates_events;
  "emails/templates/layout": typeof module_emails_templates_layout;
  "emails/templates/matches": typeof module_emails_templates_matches;
  "engagement": typeof module_engagement;
  "events": typeof module_events;
  "http": typeof module_http;
  "matches": typeof module_matches;
  "matching": typeof module_matching;
  "model/askModel": typeof module_model_askModel;
  "model/attendanceReads": typeof module_model_attendanceReads;
  "model/attendanceShapes": typeof module_model_attendanceShapes;
  "model/attendanceWrites": typeof module_model_attendanceWrites;
  "model/engagement": typeof module_model_engagement;
  "model/eventPrompts": typeof module_model_eventPrompts;
  "model/fields": typeof module_model_fields;
  "model/join": typeof module_model_join;
  "model/mailBatches": typeof module_model_mailBatches;
  "model/mailContents": typeof module_model_mailContents;
  "model/mailHours": typeof module_model_mailHours;
  "model/matchFields": typeof module_model_matchFields;
  "model/matchReads": typeof module_model_matchReads;
  "model/matchRun": typeof module_model_matchRun;
  "model/matchShapes": typeof module_model_matchShapes;
  "model/matchWork": typeof module_model_matchWork;
  "model/matchingRules": typeof module_model_matchingRules;
  "model/memberNames": typeof module_model_memberNames;
  "model/outbox": typeof module_model_outbox;
  "model/participation": typeof module_model_participation;
  "model/performanceLog": typeof module_model_performanceLog;
  "model/profileFields": typeof module_model_profileFields;
  "model/seedPeople": typeof module_model_seedPeople;
  "model/seedPlan": typeof module_model_seedPlan;
  "model/seedText": typeof module_model_seedText;
  "model/seedWrite": typeof module_model_seedWrite;
  "model/simulatedModel": typeof module_model_simulatedModel;
  "model/viewer": typeof module_model_viewer;
  "opportunities": typeof module_opportunities;
  "profiles": typeof module_profiles;
  "programs": typeof module_programs;
  "seed": typeof module_seed;
}>;

/** Public functions: `api.myModule.myFunction`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: `internal.myModule.myFunction`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;

/** Functions of components; this app uses none. */
export declare const components: {};
