/**
 * Lets the server's own guard be the only one that is told of promises that are rejected while nobody listens.
 *
 * The test runner takes every such promise for a fault of the test; for tests of what user code leaves behind they are the subject.
 *
 * @module
 */
import { afterAll, beforeAll } from "vitest";

/** For a whole file. */
export function ownRejections(): void {
  let foreign: NodeJS.UnhandledRejectionListener[] = [];
  beforeAll(() => {
    foreign = process.listeners("unhandledRejection");
    process.removeAllListeners("unhandledRejection");
  });
  afterAll(() => {
    for (const listener of foreign) process.on("unhandledRejection", listener);
  });
}
