/**
 * Validators of whole documents (with `_id` and `_creationTime`), for the `returns` of functions.
 */
import { v } from "convex/values";
import schema from "../schema.ts";

const { tables } = schema;

export const namespaceDoc = v.object({
  ...tables.namespaces.validator.fields,
  _id: v.id("namespaces"),
  _creationTime: v.number(),
});

export const assignmentDoc = v.object({
  ...tables.assignments.validator.fields,
  _id: v.id("assignments"),
  _creationTime: v.number(),
});

export const groupDoc = v.object({
  ...tables.jobGroups.validator.fields,
  _id: v.id("jobGroups"),
  _creationTime: v.number(),
});

export const jobDoc = v.object({ ...tables.jobs.validator.fields, _id: v.id("jobs"), _creationTime: v.number() });

export const threadDoc = v.object({
  ...tables.chatThreads.validator.fields,
  _id: v.id("chatThreads"),
  _creationTime: v.number(),
});

export const messageDoc = v.object({
  ...tables.chatMessages.validator.fields,
  _id: v.id("chatMessages"),
  _creationTime: v.number(),
});

export const chatJobDoc = v.object({
  ...tables.chatJobs.validator.fields,
  _id: v.id("chatJobs"),
  _creationTime: v.number(),
});

/** A group with its jobs in creation order. */
export const groupWithJobs = v.object({ ...groupDoc.fields, jobs: v.array(jobDoc) });

/** A group as the chain shows it: no job, no result text. */
export const groupSummary = v.object({
  _id: v.id("jobGroups"),
  status: groupDoc.fields.status,
  nextGroupId: v.optional(v.id("jobGroups")),
  createdAt: v.number(),
  assignmentId: v.id("assignments"),
});

/** One earlier result that a job is given to read. */
export const resultItem = v.object({
  jobType: v.string(),
  harness: jobDoc.fields.harness,
  result: v.string(),
  groupId: v.id("jobGroups"),
  groupIndex: v.number(),
});

/** A job that may start now, with what it needs to know. */
export const readyJob = v.object({
  job: jobDoc,
  group: groupDoc,
  assignment: assignmentDoc,
  accumulatedResults: v.array(resultItem),
  previousNonPmGroupResults: v.array(resultItem),
  r1GroupResults: v.array(resultItem),
});
