/**
 * Narrowcast for programs: the server of `@narrowcast/server`, and the `narrowcast` command line.
 *
 * @module
 */
export * from "@narrowcast/server";
export { buildProgram, type ProgramWorld } from "./program.ts";
