/**
 * What `npm start -- chat` needs to know.
 *
 * @module
 */
export const title = "Chat";
export const seed = { path: "seed:demo", args: {} };
