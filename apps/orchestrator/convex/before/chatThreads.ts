/** The *before* form of `chatThreads`: nothing about these functions ever changed. */
export {
  create,
  enableGuardianMode,
  get,
  getGuardianThread,
  linkAssignment,
  linkAssignmentRaw,
  list,
  listAll,
  remove,
  updateLastPromptMode,
  updateMode,
  updateSessionId,
  updateTitle,
} from "../chatThreads.ts";
