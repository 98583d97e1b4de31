/**
 * Commands of the official CLI that have no counterpart of the same name: each says where to find what it does.
 *
 * @module
 */
import { CommandError } from "./context.ts";

/** By name: what there is instead. */
export const ELSEWHERE: { readonly [command: string]: string } = {
  deploy: '"narrowcast start --push" serves this folder\'s functions; with "narrowcast dev" every save is pushed',
  init: 'any folder with a convex/ folder is an app; "narrowcast dev" serves it, docs/guide/getting-started.md begins with an empty one',
  export: '"narrowcast data <table> --format jsonl --limit 1000000" writes the documents of a table',
  import: 'a mutation of the app that inserts the documents, called in batches with "narrowcast run"',
  dashboard: '"narrowcast top" shows what functions cost, "narrowcast data" the documents, "narrowcast logs" the log',
};

/** @throws {CommandError} Always. */
export async function elsewhereCommand(name: string): Promise<number> {
  throw new CommandError(`Cannot ${name}: Narrowcast has no such command; ${ELSEWHERE[name] ?? "see --help"}`);
}
