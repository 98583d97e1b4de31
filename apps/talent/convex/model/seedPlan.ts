/**
 * How much generated data there is, and in which steps it is written. A step fits into one transaction.
 *
 *   base → opportunities… → people… → records (attendance, prompts, matches)… → participation
 *
 * People and what hangs on them grow with the scale; the catalogue of events, programs and opportunities shrinks with it but does not grow.
 */

/** Numbers at scale 1. */
const FULL = { people: 100, organizations: 5, events: 200, opportunities: 800, programs: 10 } as const;

/** Per person and per program, at every scale. */
export const ATTENDANCE_PER_PERSON = 60;
export const PROMPTS_PER_PERSON = [2, 5] as const;
export const MATCHES_PER_PERSON = 30;
export const PARTICIPANTS_PER_PROGRAM = 25;

/** Sizes of documents in bytes. */
export const PROFILE_BYTES = 8_000;
export const OPPORTUNITY_BYTES = [2_000, 4_000] as const;
export const MATCH_BYTES = 1_000;

/** So that a step stays far below the second that a function may compute. */
const OPPORTUNITIES_PER_STEP = 200;
const PEOPLE_PER_STEP = 50;
const RECORDS_PER_STEP = 10;

/** How many of each. */
export interface SeedSizes {
  readonly people: number;
  readonly organizations: number;
  readonly events: number;
  readonly opportunities: number;
  readonly programs: number;
}

/** One step: rows `from` to `to`, the latter not included. */
export interface SeedStep {
  readonly kind: "base" | "opportunities" | "people" | "records" | "participation";
  readonly from: number;
  readonly to: number;
}

export function seedSizes(scale: number): SeedSizes {
  const catalogue = Math.min(1, scale);
  return {
    people: Math.max(1, Math.round(FULL.people * scale)),
    organizations: FULL.organizations,
    // Nobody attends an event twice.
    events: Math.max(ATTENDANCE_PER_PERSON + 20, Math.round(FULL.events * catalogue)),
    opportunities: Math.round(FULL.opportunities * catalogue),
    programs: Math.max(FULL.organizations, Math.round(FULL.programs * catalogue)),
  };
}

/** Events that have ended; the rest, the last tenth, is still to come. */
export function endedEvents({ events }: SeedSizes): number {
  return Math.floor(events * 0.9);
}

/** The steps of a scale, in their order. */
export function seedSteps(scale: number): SeedStep[] {
  const { people, opportunities, events, programs } = seedSizes(scale);
  return [
    { kind: "base", from: 0, to: events },
    ...slices("opportunities", opportunities, OPPORTUNITIES_PER_STEP),
    ...slices("people", people, PEOPLE_PER_STEP),
    ...slices("records", people, RECORDS_PER_STEP),
    { kind: "participation", from: 0, to: programs },
  ];
}

function slices(kind: SeedStep["kind"], total: number, size: number): SeedStep[] {
  return Array.from({ length: Math.ceil(total / size) }, (_, index) => ({
    kind,
    from: index * size,
    to: Math.min(total, (index + 1) * size),
  }));
}
