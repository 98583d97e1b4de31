/**
 * What `npm start -- talent` needs to know.
 *
 * @module
 */
export const title = "Talent network";
export const seed = { path: "seed:demo", args: {} };
