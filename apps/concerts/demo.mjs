/**
 * What `npm start -- concerts` needs to know.
 *
 * @module
 */
export const title = "Concerts";
export const environment = { ADMIN_KEY: "demo" };
/** The demo's page acts as an operator with the same key; a real page asks for it. */
export const pageEnvironment = { VITE_ADMIN_KEY: "demo" };
export const seed = { path: "seed:demo", args: {} };
export const notes = ['operator\'s key "demo"'];
