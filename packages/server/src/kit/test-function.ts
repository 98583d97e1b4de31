/**
 * A mutation that a test writes down where it needs it: it looks at data and arranges it past the app's functions.
 *
 * The code loader of a test deployment adds one internal function to the app's own, which runs whatever the test says. It is an ordinary mutation: schema,
 * limits and subscriptions hold.
 *
 * @module
 */
import type { AnyDataModel, GenericDataModel, GenericMutationCtx } from "convex/server";
import type { CodeLoader } from "../functions/code-loader.ts";
import { loadUserCode } from "../functions/load.ts";

/** What a test does in one transaction. What it returns must be a Convex value, or nothing. */
export type TestHandler<T, Model extends GenericDataModel = AnyDataModel> = (
  ctx: GenericMutationCtx<Model>,
) => T | Promise<T>;

const PATH = "_testing:run";

/** A handler over whatever tables. */
type AnyHandler = (ctx: never) => unknown;

/** See the module comment. One for each deployment. */
export class TestFunction {
  readonly path = PATH;
  #handler: AnyHandler | undefined;

  /** Loads the app's code, with this function beside its own. */
  readonly load: CodeLoader = (code, settings) =>
    loadUserCode(code, {
      ...settings,
      extra: [
        {
          info: {
            path: PATH,
            kind: "mutation",
            visibility: "internal",
            environment: "isolate",
            args: { type: "any" },
            returns: null,
          },
          registered: { isMutation: true, isInternal: true, _handler: (ctx) => this.#run(ctx) },
        },
      ],
    });

  /** Has `call` run the function, which does what `handler` says. */
  async with<R>(handler: AnyHandler, call: () => Promise<R>): Promise<R> {
    if (this.#handler !== undefined) throw new Error("Cannot run: another `run` of this test has not ended");
    this.#handler = handler;
    try {
      return await call();
    } finally {
      this.#handler = undefined;
    }
  }

  async #run(ctx: object): Promise<unknown> {
    if (this.#handler === undefined) throw new Error("Cannot run: no test asks for it");
    return (await this.#handler(ctx as never)) ?? null;
  }
}
