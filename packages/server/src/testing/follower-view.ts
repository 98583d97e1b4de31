/**
 * What a core is and answers, as texts by name: two cores are equal when all of these are.
 *
 * @module
 */
import { rootFunction } from "@narrowcast/values";
import type { Core } from "../core/core.ts";
import type { StateChange } from "../core/deployment-state.ts";
import type { Active, CoreReplies, CoreRequest } from "../protocol/core-protocol.ts";
import type { SocketUpdate } from "../protocol/live-types.ts";
import { ADMIN, NOBODY, type WithoutId } from "./core-world.ts";
import { FOLLOWER_QUERIES } from "./follower-app.ts";

/** Queries of the deployment itself that are asked, too. */
const SYSTEM_QUERIES = [
  "_system/cli/tables:default",
  "_system/cli/queryEnvironmentVariables:default",
  "_system/cli/modules:apiSpec",
  "_system/frontend/getSchemas:default",
];

/** What is looked at of a core. */
export interface ViewedCore {
  readonly core: Core;
  readonly active: Active | undefined;
  readonly updates: readonly SocketUpdate[];
  request<T extends CoreRequest["type"]>(
    message: Extract<WithoutId<CoreRequest>, { type: T }>,
  ): Promise<CoreReplies[T]>;
}

/** Texts by name. */
export type CoreView = ReadonlyMap<string, string>;

/** What a core tells of itself and answers now. @param fileIds Of files that are or were there. */
export async function viewOf(viewed: ViewedCore, fileIds: readonly string[]): Promise<CoreView> {
  const view = new Map(Object.entries(partsOf(viewed)).map(([name, part]) => [name, textOf(part)]));
  for (const [queryId, text] of newest(viewed.updates)) view.set(`live ${FOLLOWER_QUERIES[queryId]}`, text);
  const calls = [
    ...FOLLOWER_QUERIES.map((path) => callOf(path, NOBODY)),
    ...SYSTEM_QUERIES.map((path) => callOf(path, ADMIN)),
  ];
  const [answers, tables, environment, ...files] = await Promise.all([
    viewed.request<"queryBatch">({ type: "queryBatch", calls }),
    viewed.request<"tables">({ type: "tables" }),
    viewed.request<"environment">({ type: "environment" }),
    ...fileIds.map((storageId) => viewed.request<"findFile">({ type: "findFile", storageId, byAddress: false })),
  ]);
  answers.forEach((answer, at) => view.set(`answer ${calls[at]?.path}`, plain(JSON.stringify(answer))));
  // A map: a core that was opened anew gives it in another order.
  view.set("asked tables", JSON.stringify(tables.toSorted(([one], [other]) => one - other)));
  view.set("asked environment", JSON.stringify(environment));
  files.forEach((file, at) => view.set(`asked file ${fileIds[at]}`, JSON.stringify(file)));
  return view;
}

/** Names whose texts differ, sorted. */
export function differencesOf(one: CoreView, other: CoreView): readonly string[] {
  return [...new Set([...one.keys(), ...other.keys()])].filter((name) => one.get(name) !== other.get(name)).toSorted();
}

/** Whether an answer of a view is a value, not an error. */
export function isGood(answer: string): boolean {
  return answer.startsWith('{"ok":true');
}

/** The state, part by part. What is not there yet is told as such. */
function partsOf({ core, active }: ViewedCore): { readonly [name: string]: () => unknown } {
  const { state, database } = core;
  const { due, code } = state;
  return {
    head: () => database.head,
    schema: () => database.schema,
    tables: () => [...database.catalogue.tables()].toSorted((one, other) => one.number - other.number),
    variables: () => state.variables,
    environment: () => [...state.environment].toSorted(([one], [other]) => (one < other ? -1 : 1)),
    code: () => [code.identity, code.loadError, code.active?.user.analysis, code.active?.node],
    secret: () => state.addresses.tokenUntil(0),
    "due job": () => due.jobMs,
    "due result": () => due.resultMs,
    "due cron": () => due.cronMs,
    "due session": () => due.sessionMs,
    active: () => active,
  };
}

function textOf(part: () => unknown): string {
  try {
    return JSON.stringify(part()) ?? "none";
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

function callOf(path: string, identity: typeof NOBODY) {
  return {
    ...rootFunction(path),
    args: "{}",
    identity,
    allowInternal: false,
    requestId: "0",
    caller: "HttpApi",
  } as const;
}

/** Each core numbers its requests by itself. */
function plain(text: string): string {
  return text.replaceAll(/Request ID: [0-9a-f]+/g, "");
}

/** The newest result of each subscribed query. */
function newest(updates: readonly SocketUpdate[]): ReadonlyMap<number, string> {
  const results = new Map<number, string>();
  for (const { changes } of updates)
    for (const { queryId, result } of changes) {
      if (result === undefined) results.delete(queryId);
      else results.set(queryId, result.ok ? result.value : plain(result.errorMessage));
    }
  return results;
}

/** Notes what each commit changes in the state of a core, by its timestamp. */
export function watchChanges({ observers: { main } }: Core, changes: Map<number, StateChange>): void {
  const committed = main.committed.bind(main);
  main.committed = (commit, change) => {
    changes.set(commit.ts, change);
    committed(commit, change);
  };
}
