/**
 * What `npm start -- chat` needs to know.
 *
 * @module
 */
export const title = "Chat";
/** Milliseconds between two pieces of an answer: slow enough to watch. */
export const environment = { ANSWER_DELAY_MS: "150" };
export const seed = { path: "seed:demo", args: {} };
export const notes = ['you are the user "demo"; add ?user=ann to the page\'s address to be somebody else'];
