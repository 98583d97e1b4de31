/** The *before* form of `jobs`: the same reads and writes (a start moves the counters, see `assignments`). */
export {
  complete,
  createGroup,
  fail,
  get,
  getGroup,
  getGroupWithJobs,
  getWithAssignment,
  getWithGroup,
  insertGroupAfter,
  list,
  listGroups,
  start,
  updateMetrics,
} from "../jobs.ts";
