/* eslint-disable */
/**
 * References to this app's functions.
 *
 * Generated file: do not edit, it is written anew when the app's functions change.
 *
 * @module
 */

import type { ApiFromModules, FilterApi, FunctionReference } from "convex/server";
import type * as module_artists from "../artists.js";
import type * as module_before_artists from "../before/artists.js";
import type * as module_before_cronSettings from "../before/cronSettings.js";
import type * as module_before_crons from "../before/crons.js";
import type * as module_before_maintenance from "../before/maintenance.js";
import type * as module_before_setlistfm from "../before/setlistfm.js";
import type * as module_before_setlists from "../before/setlists.js";
import type * as module_before_shows from "../before/shows.js";
import type * as module_before_songs from "../before/songs.js";
import type * as module_before_spotify from "../before/spotify.js";
import type * as module_before_spotifyAuth from "../before/spotifyAuth.js";
import type * as module_before_trending from "../before/trending.js";
import type * as module_before_votes from "../before/votes.js";
import type * as module_cronRuns from "../cronRuns.js";
import type * as module_cronSettings from "../cronSettings.js";
import type * as module_crons from "../crons.js";
import type * as module_http from "../http.js";
import type * as module_maintenance from "../maintenance.js";
import type * as module_model_actionRuns from "../model/actionRuns.js";
import type * as module_model_artists from "../model/artists.js";
import type * as module_model_catalogue from "../model/catalogue.js";
import type * as module_model_days from "../model/days.js";
import type * as module_model_errors from "../model/errors.js";
import type * as module_model_fields from "../model/fields.js";
import type * as module_model_imports from "../model/imports.js";
import type * as module_model_jobs from "../model/jobs.js";
import type * as module_model_orphans from "../model/orphans.js";
import type * as module_model_people from "../model/people.js";
import type * as module_model_random from "../model/random.js";
import type * as module_model_registry from "../model/registry.js";
import type * as module_model_runs from "../model/runs.js";
import type * as module_model_scores from "../model/scores.js";
import type * as module_model_scriptedServices from "../model/scriptedServices.js";
import type * as module_model_seedDemo from "../model/seedDemo.js";
import type * as module_model_seedPlan from "../model/seedPlan.js";
import type * as module_model_seedRows from "../model/seedRows.js";
import type * as module_model_seedWrite from "../model/seedWrite.js";
import type * as module_model_services from "../model/services.js";
import type * as module_model_shows from "../model/shows.js";
import type * as module_model_sweeps from "../model/sweeps.js";
import type * as module_model_texts from "../model/texts.js";
import type * as module_model_trendingCache from "../model/trendingCache.js";
import type * as module_model_trendingRead from "../model/trendingRead.js";
import type * as module_model_views from "../model/views.js";
import type * as module_model_votes from "../model/votes.js";
import type * as module_seed from "../seed.js";
import type * as module_setlistfm from "../setlistfm.js";
import type * as module_setlists from "../setlists.js";
import type * as module_shows from "../shows.js";
import type * as module_songs from "../songs.js";
import type * as module_spotify from "../spotify.js";
import type * as module_spotifyAuth from "../spotifyAuth.js";
import type * as module_trending from "../trending.js";
import type * as module_users from "../users.js";
import type * as module_votes from "../votes.js";

declare const fullApi: ApiFromModules<{
  "artists": typeof module_artists;
  "before/artists": typeof module_before_artists;
  "before/cronSettings": typeof module_before_cronSettings;
  "before/crons": typeof module_before_crons;
  "before/maintenance": typeof module_before_maintenance;
  "before/setlistfm": typeof module_before_setlistfm;
  "before/setlists": typeof module_before_setlists;
  "before/shows": typeof module_before_shows;
  "before/songs": typeof module_before_songs;
  "before/spotify": typeof module_before_spotify;
  "before/spotifyAuth": typeof module_before_spotifyAuth;
  "before/trending": typeof module_before_trending;
  "before/votes": typeof module_before_votes;
  "cronRuns": typeof module_cronRuns;
  "cronSettings": typeof module_cronSettings;
  "crons": typeof module_crons;
  "http": typeof module_http;
  "maintenance": typeof module_maintenance;
  "model/actionRuns": typeof module_model_actionRuns;
  "model/artists": typeof module_model_artists;
  "model/catalogue": typeof module_model_catalogue;
  "model/days": typeof module_model_days;
  "model/errors": typeof module_model_errors;
  "model/fields": typeof module_model_fields;
  "model/imports": typeof module_model_imports;
  "model/jobs": typeof module_model_jobs;
  "model/orphans": typeof module_model_orphans;
  "model/people": typeof module_model_people;
  "model/random": typeof module_model_random;
  "model/registry": typeof module_model_registry;
  "model/runs": typeof module_model_runs;
  "model/scores": typeof module_model_scores;
  "model/scriptedServices": typeof module_model_scriptedServices;
  "model/seedDemo": typeof module_model_seedDemo;
  "model/seedPlan": typeof module_model_seedPlan;
  "model/seedRows": typeof module_model_seedRows;
  "model/seedWrite": typeof module_model_seedWrite;
  "model/services": typeof module_model_services;
  "model/shows": typeof module_model_shows;
  "model/sweeps": typeof module_model_sweeps;
  "model/texts": typeof module_model_texts;
  "model/trendingCache": typeof module_model_trendingCache;
  "model/trendingRead": typeof module_model_trendingRead;
  "model/views": typeof module_model_views;
  "model/votes": typeof module_model_votes;
  "seed": typeof module_seed;
  "setlistfm": typeof module_setlistfm;
  "setlists": typeof module_setlists;
  "shows": typeof module_shows;
  "songs": typeof module_songs;
  "spotify": typeof module_spotify;
  "spotifyAuth": typeof module_spotifyAuth;
  "trending": typeof module_trending;
  "users": typeof module_users;
  "votes": typeof module_votes;
}>;

/** Public functions: `api.myModule.myFunction`. */
export declare const api: FilterApi<typeof fullApi, FunctionReference<any, "public">>;

/** Internal functions: `internal.myModule.myFunction`. */
export declare const internal: FilterApi<typeof fullApi, FunctionReference<any, "internal">>;

/** Functions of components; this app uses none. */
export declare const components: {};
