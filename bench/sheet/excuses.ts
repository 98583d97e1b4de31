/**
 * Where the *before* form under our rules costs more than the *after* form under Convex's: each system says why no engine can help.
 *
 * The tests hold every other figure of every scenario to the claim.
 *
 * @module
 */
import type { Form } from "./size.ts";
import type { AnySystem, ClaimedFigure, Excuse } from "./system.ts";
import type { Rules } from "./world.ts";

/** The exception for a figure, if there is one. */
export function excuseFor(system: AnySystem, scenario: string, figure: ClaimedFigure): Excuse | undefined {
  return system.excuses.find((excuse) => excuse.scenario === scenario && excuse.figures.includes(figure));
}

/** The reason for a row, if there is one. */
export function excuseOfRow(system: AnySystem, scenario: string, form: Form, rules: Rules): string | undefined {
  if (form !== "before" || rules !== "narrow") return undefined;
  const reasons = system.excuses.filter((excuse) => excuse.scenario === scenario).map(({ reason }) => reason);
  return reasons.length === 0 ? undefined : reasons.join(" ");
}
