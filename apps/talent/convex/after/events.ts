/**
 * Ended events: the optimisation by hand left them as they were.
 */
export { checkEndedEvents } from "../before/events.ts";
