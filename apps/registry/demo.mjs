/**
 * What `npm start -- registry` needs to know.
 *
 * @module
 */
export const title = "Skill registry";
/** Whoever opens the page acts as this user, without signing in. */
export const environment = { REGISTRY_GUEST: "visitor" };
export const seed = { path: "seed:demo", args: {} };
export const notes = [
  'everybody acts as "visitor"; Night Clicker and Form Filler are one report away from being hidden',
];
