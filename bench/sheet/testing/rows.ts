/**
 * What the sheet's tests share.
 *
 * @module
 */
import type { Form } from "../forms.ts";
import type { SheetRow } from "../measure.ts";
import { SCENARIOS, type Scenario, type SheetSize } from "../scenarios.ts";
import type { Rules } from "../world.ts";

/** Each scenario once or a few times. */
export const TINY_SIZE: SheetSize = { plays: 1, dayMinutes: 20 };

/** @throws {Error} If there is none of that name. */
export function scenarioNamed(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`Cannot play "${name}": there is no such scenario`);
  return scenario;
}

/** @throws {Error} If the combination was not measured. */
export function rowOf(rows: readonly SheetRow[], form: Form, rules: Rules): SheetRow {
  const row = rows.find((each) => each.form === form && each.rules === rules);
  if (row === undefined) throw new Error(`Cannot find the row ${form}/${rules}`);
  return row;
}
