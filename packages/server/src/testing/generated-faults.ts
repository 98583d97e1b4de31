/**
 * Conditions of the cut-offs and the nodes, each switched wrong from outside: a core is told a false story at one of its seams.
 *
 * @module
 */
import type { RunOutcome } from "../reactive/types.ts";
import type { NodeCall, NodeRow, NodeRows } from "../tx/read-nodes.ts";
import type { Observations } from "../tx/observations.ts";
import { ReadSet } from "../tx/read-set.ts";
import type { Commit, DocumentChange, ReadSetView } from "../tx/types.ts";
import { changedFieldsOf } from "../tx/change.ts";
import type { Core } from "../core/core.ts";

/** One wrong condition. */
interface Fault {
  readonly fault: string;
  readonly breakIt: (core: Core) => void;
}

/** The change as something that forgets a part of it sees it; `undefined`: not at all. */
type Forget = (change: DocumentChange) => DocumentChange | undefined;

function forgetIn(commit: Commit, forget: Forget): Commit {
  return { ...commit, changes: commit.changes.flatMap((change) => forget(change) ?? []) };
}

/** Replaces what executions of queries give. */
function breakOutcomes(core: Core, replace: (outcome: RunOutcome, request: string) => RunOutcome): void {
  const { runner } = core;
  const query = runner.query.bind(runner);
  runner.query = async (request, caller) => replace(await query(request, caller), request.args);
}

/** Cut-offs that judge another commit than the one that was made. */
function cutOffsSee(seen: (commit: Commit) => Commit): (core: Core) => void {
  return (core) => {
    breakOutcomes(core, (outcome) => {
      const { readSet } = outcome;
      const broken: ReadSetView = {
        points: () => readSet.points(),
        intervals: () => readSet.intervals(),
        names: () => readSet.names(),
        touchedBy: (commit) => readSet.touchedBy(commit),
        isFine: readSet.isFine,
        observedCount: readSet.observedCount,
        concernOf: (commit) => readSet.concernOf(seen(commit)),
      };
      return { ...outcome, readSet: broken };
    });
  };
}

/** Cut-offs that judge each change without a part of it. */
function cutOffForgets(forget: Forget): (core: Core) => void {
  return cutOffsSee((commit) => forgetIn(commit, forget));
}

/** Observations that say less than they know. */
function observationsSay(
  includes: (known: Observations, id: string, fields: readonly string[]) => boolean,
): (core: Core) => void {
  return (core) => {
    breakOutcomes(core, (outcome) => {
      const { readSet } = outcome;
      if (readSet instanceof ReadSet) {
        const { observations } = readSet;
        observations.includes = (id, fields) => includes(observations, id, fields);
      }
      return outcome;
    });
  };
}

/** Nodes that are patched without a part of each change. */
function nodesForget(forget: Forget): (core: Core) => void {
  return ({ nodes }) => {
    const apply = nodes.apply.bind(nodes);
    nodes.apply = (commit) => apply(forgetIn(commit, forget));
  };
}

/** Nodes whose rows are given wrong. */
function nodesGive(give: (rows: NodeRows) => NodeRows): (core: Core) => void {
  return ({ nodes }) => {
    const rows = nodes.rows.bind(nodes);
    nodes.rows = (call) => give(rows(call));
  };
}

/** Nodes that are looked up for another call. */
function nodesAsked(asked: (call: NodeCall) => NodeCall): (core: Core) => void {
  return ({ nodes }) => {
    const rows = nodes.rows.bind(nodes);
    nodes.rows = (call) => rows(asked(call));
  };
}

/** Both documents there: an update. */
function isUpdate({ before, after }: DocumentChange): boolean {
  return before !== undefined && after !== undefined;
}

const without =
  (forgotten: (field: string, change: DocumentChange) => boolean): Forget =>
  (change) =>
    isUpdate(change)
      ? { ...change, changedFields: changedFieldsOf(change).filter((field) => !forgotten(field, change)) }
      : change;

/** Keeps the changed fields as they are, so that only filters are deceived. */
const seenAs =
  (side: "before" | "after"): Forget =>
  (change) =>
    isUpdate(change)
      ? { ...change, before: change[side], after: change[side], changedFields: changedFieldsOf(change) }
      : change;

const withoutMoves: Forget = (change) => ({
  ...change,
  moves: change.moves.filter(({ remove, add }) => remove === add || remove === undefined || add === undefined),
});

/** Rows end where the first reader stopped, though more may follow by now. */
function prefixStays(): (core: Core) => void {
  const furthest = new WeakMap<NodeRows, number>();
  return nodesGive((rows) => {
    const end = furthest.get(rows);
    return {
      get tail() {
        return rows.tail;
      },
      get total() {
        return rows.total;
      },
      row(at, visit): NodeRow | undefined {
        if (end !== undefined && at > end) return undefined;
        furthest.set(rows, Math.max(furthest.get(rows) ?? -1, at));
        return rows.row(at, visit);
      },
      all: (visit) => rows.all(visit).slice(0, end === undefined ? undefined : end + 1),
    };
  });
}

/** Equal as soon as the texts are equally long. */
function comparesLengths(core: Core): void {
  const former = new Map<string, RunOutcome["result"]>();
  breakOutcomes(core, (outcome, args) => {
    const { result } = outcome;
    const last = former.get(args);
    if (last?.ok === true && result.ok && last.value.length === result.value.length) {
      return { ...outcome, result: { ...result, value: last.value } };
    }
    former.set(args, result);
    return outcome;
  });
}

/** Each must be noticed by the oracle. */
export const FAULTS: readonly Fault[] = [
  { fault: "filters that judge by the document after only", breakIt: cutOffForgets(seenAs("after")) },
  { fault: "filters that judge by the document before only", breakIt: cutOffForgets(seenAs("before")) },
  { fault: "a field whose observation is dropped", breakIt: cutOffForgets(without((field) => field === "b")) },
  {
    fault: "absent fields that count as not looked at",
    breakIt: cutOffForgets(without((field, { before }) => before !== undefined && !Object.hasOwn(before, field))),
  },
  {
    fault: "fields that went and count as not looked at",
    breakIt: cutOffForgets(without((field, { after }) => after !== undefined && !Object.hasOwn(after, field))),
  },
  {
    fault: "documents taken whole that count as not looked at",
    breakIt: observationsSay((known, id, fields) => fields.some((field) => known.fieldsOf(id).includes(field))),
  },
  {
    fault: "only the first field looked at of a document that counts",
    breakIt: observationsSay((known, id, fields) => {
      const seen = known.fieldsOf(id);
      return seen === "all" ? fields.length > 0 : fields.some((field) => field === seen[0]);
    }),
  },
  { fault: "nested values that count as not looked at", breakIt: cutOffForgets(without((field) => field === "n")) },
  { fault: "moves in an index that concern nobody", breakIt: cutOffForgets(withoutMoves) },
  {
    fault: "new documents that concern nobody",
    breakIt: cutOffForgets((change) => (change.before === undefined ? undefined : change)),
  },
  {
    fault: "deleted documents that concern nobody",
    breakIt: cutOffForgets((change) => (change.after === undefined ? undefined : change)),
  },
  {
    fault: "the first change of a commit that concerns nobody",
    breakIt: cutOffsSee((commit) => ({ ...commit, changes: commit.changes.slice(1) })),
  },
  { fault: "results that are compared by their lengths", breakIt: comparesLengths },
  { fault: "nodes that are not patched when keys move", breakIt: nodesForget(withoutMoves) },
  {
    fault: "nodes that are not patched when a row comes",
    breakIt: nodesForget((change) => (change.before === undefined ? undefined : change)),
  },
  {
    fault: "nodes that are not patched when a row goes",
    breakIt: nodesForget((change) => (change.after === undefined ? undefined : change)),
  },
  {
    fault: "nodes that keep the document before",
    breakIt: nodesForget((change) => (isUpdate(change) ? { ...change, after: change.before } : change)),
  },
  { fault: "nodes that end where a limit once stopped", breakIt: prefixStays() },
  {
    fault: "nodes that are shared by calls with other filters",
    breakIt: nodesAsked((call) => ({ ...call, filters: [] })),
  },
  { fault: "nodes that are shared by both orders", breakIt: nodesAsked((call) => ({ ...call, order: "asc" })) },
];
