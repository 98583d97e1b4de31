/**
 * What `npm start -- registry` needs to know.
 *
 * @module
 */
export const title = "Skill registry";
export const seed = { path: "seed:demo", args: {} };
