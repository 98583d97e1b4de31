/**
 * Colours only where a person looks: on a terminal, unless `NO_COLOR` is set.
 *
 * @module
 */
import pc from "picocolors";

/** The colour functions a command may use; all are the identity in a pipe or a log. */
export type Colours = ReturnType<typeof pc.createColors>;

/** @param stream The stream that the text goes to. */
export function coloursFor(stream: { readonly isTTY?: boolean | undefined }, env: NodeJS.ProcessEnv): Colours {
  const wanted = env["FORCE_COLOR"] !== undefined && env["FORCE_COLOR"] !== "0";
  return pc.createColors(wanted || (stream.isTTY === true && env["NO_COLOR"] === undefined && env["TERM"] !== "dumb"));
}
