/**
 * Engagement scores: the optimisation by hand left them as they were.
 */
export { computeEngagementScores } from "../before/engagement.ts";
