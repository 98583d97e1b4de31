/**
 * What the sheet's tests share.
 *
 * @module
 */
import { factsOf, type SheetRow } from "../measure.ts";
import { Stage } from "../stage.ts";
import type { Form, SheetSize } from "../size.ts";
import type { AnySystem, Scenario, System } from "../system.ts";
import { World, type Rules } from "../world.ts";

/** Each scenario once or a few times, on the data as it is. */
export const TINY_SIZE: SheetSize = { plays: 1, dayMinutes: 20, isQuick: false };

/** @throws {Error} If there is none of that name. */
export function scenarioNamed(system: AnySystem, name: string): Scenario<unknown> {
  const scenario = system.scenarios.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`Cannot play "${name}": there is no such scenario`);
  return scenario;
}

/** @throws {Error} If the combination was not measured. */
export function rowOf(rows: readonly SheetRow[], form: Form, rules: Rules): SheetRow {
  const row = rows.find((each) => each.form === form && each.rules === rules);
  if (row === undefined) throw new Error(`Cannot find the row ${form}/${rules}`);
  return row;
}

/** A stage that nobody measures. */
export async function openStage<Facts>(
  system: System<Facts>,
  state: string,
  form: Form,
  rules: Rules,
): Promise<Stage<Facts>> {
  const world = await World.open(system, state, TINY_SIZE, rules);
  return new Stage(world, form, (await factsOf(system, state, TINY_SIZE)) as Facts, TINY_SIZE);
}
