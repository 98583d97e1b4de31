/**
 * The states of the data: the app's own data set at two scales, without the fields that the after form derives. That form's scenarios fill them in.
 *
 * @module
 */
import type { SheetSize } from "../../size.ts";
import type { World } from "../../world.ts";

const SCALES: { readonly [state: string]: number } = { "16,000 skills": 1, "1,600 skills": 0.1 };
const QUICK_SCALE = 0.02;
const SEED = 1;

export const STATE_NAMES: readonly string[] = Object.keys(SCALES);

/** Writes a state. */
export async function seedRegistry(world: World, state: string, size: SheetSize, now: number): Promise<void> {
  const scale = size.isQuick ? QUICK_SCALE : SCALES[state]!;
  const { steps } = (await world.app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) {
    await world.app.mutation("seed:step", { scale, seed: SEED, now, number });
  }
}
