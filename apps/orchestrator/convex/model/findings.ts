/**
 * What can be wrong with the data of a namespace although every document is valid. Pure rules; `checks.ts` reads.
 */
import type { Doc, Id } from "../_generated/dataModel.js";
import { isStranded } from "./groups.ts";

/** A group with its jobs, as far as a rule needs them. */
export interface LoadedGroup {
  readonly group: Doc<"jobGroups">;
  readonly jobs: readonly Doc<"jobs">[];
}

/** One thing that somebody should know. `remedy` says what to do. */
export interface Finding {
  readonly kind: "counters" | "stranded" | "ring" | "unreachable" | "empty" | "waiting" | "orphan";
  readonly subjectId: string;
  readonly text: string;
  readonly remedy: string;
}

/** Rules over one assignment's groups. */
export function findInAssignment(assignment: Doc<"assignments">, loaded: readonly LoadedGroup[]): Finding[] {
  const byId = new Map(loaded.map((entry) => [entry.group._id, entry.group]));
  const { reached, ring } = reach(byId, assignment.headGroupId);
  const findings: Finding[] = [];
  if (ring !== undefined) {
    findings.push({
      kind: "ring",
      subjectId: ring,
      text: `The chain of "${title(assignment)}" comes back to a group that it has passed`,
      remedy: "Nothing after that group is dispatched; remove the assignment or point a group elsewhere",
    });
  }
  for (const { group, jobs } of loaded) {
    if (!reached.has(group._id)) {
      findings.push({
        kind: "unreachable",
        subjectId: group._id,
        text: `A group of "${title(assignment)}" is not linked into its chain; its ${jobs.length} jobs will never start`,
        remedy: "Add the jobs again behind a group of the chain",
      });
    }
    if (isStranded(group, jobs)) {
      findings.push({
        kind: "stranded",
        subjectId: group._id,
        text: `A group of "${title(assignment)}" counts as running, but none of its jobs runs and some never started`,
        remedy: "Repair puts the group back to pending, and the jobs are dispatched",
      });
    }
    if (jobs.length === 0) {
      findings.push({
        kind: "empty",
        subjectId: group._id,
        text: `A group of "${title(assignment)}" has no jobs; the chain stops there`,
        remedy: "Remove the assignment or point the group before it to the next one",
      });
    }
  }
  return findings;
}

/** Sequential assignments that are active although another one is, and so wait for it. */
export function findWaiting(active: readonly Doc<"assignments">[]): Finding[] {
  const [served, ...others] = active.filter((assignment) => !assignment.independent);
  return others.map((assignment) => ({
    kind: "waiting",
    subjectId: assignment._id,
    text: `"${title(assignment)}" is active but waits for "${title(served!)}": sequential assignments run one at a time`,
    remedy: "Complete or block the other, or make one of them independent",
  }));
}

/** The first line of the north star, short enough for a list. */
export function title(assignment: { readonly northStar: string }): string {
  const line = assignment.northStar.split("\n", 1)[0]!.replace(/^#+\s*/u, "");
  return line.length > 60 ? `${line.slice(0, 59)}…` : line;
}

function reach(groups: ReadonlyMap<Id<"jobGroups">, Doc<"jobGroups">>, head: Id<"jobGroups"> | undefined) {
  const reached = new Set<Id<"jobGroups">>();
  for (let id = head; id !== undefined; id = groups.get(id)?.nextGroupId) {
    if (reached.has(id)) return { reached, ring: id };
    reached.add(id);
  }
  return { reached, ring: undefined };
}
