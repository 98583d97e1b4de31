import { cronJobs, makeFunctionReference } from "convex/server";

const crons = cronJobs();
const note = makeFunctionReference<"mutation">("items:note");
crons.interval("every six hours", { hours: 6 }, note, { text: "six hours" });
crons.daily("every morning", { hourUTC: 5, minuteUTC: 15 }, note, { text: "morning" });

export default crons;
