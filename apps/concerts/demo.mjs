/**
 * What `npm start -- concerts` needs to know.
 *
 * @module
 */
export const title = "Concerts";
export const seed = { path: "seed:demo", args: {} };
