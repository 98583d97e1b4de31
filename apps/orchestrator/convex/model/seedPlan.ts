/**
 * The data set for measurements: how many of what, how large, in which state. Pure; `seed.ts` writes it.
 *
 * `typical` is a deployment in use: nearly all work is done, one assignment runs. `worst` is the state in which a query
 * that walks everything walks the most: every assignment is active and independent, with its last group running.
 */
import type { AssignmentStatus, WorkStatus } from "./fields.ts";

/** Which of the two states. */
export type SeedState = "typical" | "worst";

export const SEED_NAMESPACES = ["harbor-api", "ledger-web", "atlas-mobile"] as const;
export const ASSIGNMENTS_PER_NAMESPACE = 32;
export const THREADS_PER_NAMESPACE = 10;
export const CHAT_JOBS_IN_LONG_THREAD = 20;

/** Least and most bytes of a text. */
export type Size = readonly [number, number];

export const SIZES = {
  description: [150, 220],
  northStar: [700, 2200],
  artifacts: [500, 1700],
  decisions: [500, 1700],
  pendingContext: [600, 800],
  prompt: [8_000, 20_000],
  result: [2_000, 8_000],
  message: [500, 4_000],
  chatResult: [800, 4_000],
} as const satisfies Record<string, Size>;

/** The groups of one assignment, head first, each with the states of its jobs. */
export interface AssignmentPlan {
  readonly status: AssignmentStatus;
  readonly independent: boolean;
  readonly groups: readonly (readonly WorkStatus[])[];
}

const DONE = ["complete", "complete"] as const;
const WAITING = ["pending", "pending"] as const;
const RUNNING_ALL = ["running", "running", "running"] as const;

/** What the `index`-th assignment of a namespace looks like. */
export function planAssignment(state: SeedState, index: number): AssignmentPlan {
  if (state === "worst") {
    const last = index === 0 ? RUNNING_ALL : RUNNING_ALL.slice(0, 2);
    return { status: "active", independent: true, groups: [DONE, DONE, last] };
  }
  if (index < 28) return { status: "complete", independent: false, groups: [DONE, DONE, DONE] };
  if (index === 28)
    return { status: "active", independent: false, groups: [DONE, DONE, RUNNING_ALL, WAITING, WAITING] };
  if (index < 31) return { status: "pending", independent: false, groups: [WAITING, WAITING, WAITING] };
  return { status: "blocked", independent: false, groups: [DONE, ["complete", "failed"], WAITING] };
}

/** The type of a job, by the place of its group in the chain. */
export function jobTypeAt(groupIndex: number): string {
  return ["plan", "implement", "implement", "review", "document"][groupIndex] ?? "implement";
}

/** One write of bounded size. Steps are numbered from 0 through all namespaces. */
export type SeedStep =
  | { readonly kind: "namespace"; readonly namespace: number }
  | { readonly kind: "assignment"; readonly namespace: number; readonly index: number }
  | { readonly kind: "thread"; readonly namespace: number; readonly index: number }
  | { readonly kind: "chatJobs"; readonly namespace: number; readonly index: number };

const STEPS_PER_NAMESPACE = 1 + ASSIGNMENTS_PER_NAMESPACE + THREADS_PER_NAMESPACE + CHAT_JOBS_IN_LONG_THREAD;

/** How many steps make the whole data set. */
export const SEED_STEPS = SEED_NAMESPACES.length * STEPS_PER_NAMESPACE;

/** The step of a number, undefined behind the last. */
export function seedStep(number: number): SeedStep | undefined {
  if (number < 0 || number >= SEED_STEPS) return undefined;
  const namespace = Math.floor(number / STEPS_PER_NAMESPACE);
  let rest = number % STEPS_PER_NAMESPACE;
  if (rest === 0) return { kind: "namespace", namespace };
  rest -= 1;
  if (rest < ASSIGNMENTS_PER_NAMESPACE) return { kind: "assignment", namespace, index: rest };
  rest -= ASSIGNMENTS_PER_NAMESPACE;
  if (rest < THREADS_PER_NAMESPACE) return { kind: "thread", namespace, index: rest };
  return { kind: "chatJobs", namespace, index: rest - THREADS_PER_NAMESPACE };
}
