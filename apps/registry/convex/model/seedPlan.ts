/**
 * The data set to measure with: how much of everything, and which step of writing it makes what.
 *
 * Scale 1 is the registry of the figures: 16,000 skills of 1 KB with 2.2 versions of 6.4 KB each, 6,000 owners of 0.5 KB, 80 highlighted
 * skills, 4,500 rows of statistics a day for a week. Embeddings are left out: nothing here searches them.
 */

/** Documents at scale 1. */
export const FULL = { users: 6_000, skills: 16_000, highlighted: 80, dailyRows: 4_500 } as const;
/** Shares of all skills. */
export const SHARES = { active: 0.9, hidden: 0.02, deleted: 0.04, suspicious: 0.05, waiting: 0.002 } as const;
/** Days with statistics, the last one being today. */
export const STAT_DAYS = 7;

const USERS_PER_STEP = 2_000;
/** Skills with their versions and statistics: 1.5 MB and 650 documents, a fraction of the second that a function has. */
const SKILLS_PER_STEP = 100;

/** Numbers `first` to `first + count - 1` of one kind. */
export interface SeedStep {
  readonly kind: "users" | "skills";
  readonly first: number;
  readonly count: number;
}

/** How many of a kind a scale has. */
export function sized(kind: keyof typeof FULL, scale: number): number {
  return Math.max(1, Math.round(FULL[kind] * scale));
}

/** All steps of a scale: people first, for skills look their owners up. */
export function seedSteps(scale: number): SeedStep[] {
  return [...stepsOf("users", scale, USERS_PER_STEP), ...stepsOf("skills", scale, SKILLS_PER_STEP)];
}

function stepsOf(kind: SeedStep["kind"], scale: number, perStep: number): SeedStep[] {
  const total = sized(kind, scale);
  return Array.from({ length: Math.ceil(total / perStep) }, (_, at) => ({
    kind,
    first: at * perStep,
    count: Math.min(perStep, total - at * perStep),
  }));
}

/** The handle of an owner. */
export function ownerHandle(index: number): string {
  return `owner-${index}`;
}
