import { anyApi, cronJobs } from "convex/server";

const CRONS = 50;
const tidy = anyApi["notes"]?.["tidy"];
const crons = cronJobs();
for (let n = 0; n < CRONS; n++) {
  const moment = { hourUTC: n % 24, minuteUTC: n };
  if (n % 2 === 0) crons.interval(`every ${n}`, { hours: 1 + n }, tidy as never);
  else crons.daily(`daily ${n}`, moment, tidy as never);
}

export default crons;
