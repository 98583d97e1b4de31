/**
 * The data: the app's own data set, and people beside it whose attendance is at ten events of three organisations.
 *
 * @module
 */
import type { DataModel, Id } from "../../../../apps/talent/convex/_generated/dataModel.js";
import type { SheetSize } from "../../size.ts";
import type { World } from "../../world.ts";

export const STATE = "100 people";

/** People of the sheet; the first has everything open, each of the others opens a history once. */
export const VISITORS = 16;
export const SLUG = "sheet-org";

const SEED = 1;
const QUICK_SCALE = 0.2;
const RECORDS = 50;
const EVENTS = 10;
const ORGANIZATIONS = 3;
/** Unread questions of the first visitor, and other notifications. */
const PROMPTS = 4;
const OTHERS = 4;
const DAY_MS = 24 * 3_600_000;

/** Address of a visitor. */
export function visitorEmail(index: number): string {
  return `visitor-${index}@sheet.example`;
}

/** Writes the data. */
export async function seedTalent(world: World, size: SheetSize, now: number): Promise<void> {
  const scale = size.isQuick ? QUICK_SCALE : 1;
  const { steps } = (await world.app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) {
    await world.app.mutation("seed:step", { scale, seed: SEED, now, number });
  }
  await world.app.run<null, DataModel>(async ({ db }) => {
    const organizations: Id<"organizations">[] = [];
    for (let index = 0; index < ORGANIZATIONS; index++) {
      const slug = `${SLUG}-${index}`;
      organizations.push(await db.insert("organizations", { name: slug, slug, about: "About. ".repeat(80) }));
    }
    const events: { readonly eventId: Id<"events">; readonly orgId: Id<"organizations"> }[] = [];
    for (let index = 0; index < EVENTS; index++) {
      const orgId = organizations[index % ORGANIZATIONS]!;
      const startAt = now - (index + 2) * DAY_MS;
      const eventId = await db.insert("events", {
        orgId,
        lumaId: `sheet-event-${index}`,
        title: `Evening ${index}`,
        description: "What happens there. ".repeat(40),
        isVirtual: false,
        startAt,
        endAt: startAt + DAY_MS / 12,
        promptedAt: startAt + DAY_MS / 8,
      });
      events.push({ eventId, orgId });
    }
    for (let visitor = 0; visitor < VISITORS; visitor++) {
      const userId = await db.insert("users", { email: visitorEmail(visitor) });
      for (let record = 0; record < RECORDS; record++) {
        await db.insert("attendance", {
          userId,
          ...events[record % EVENTS]!,
          status: "attended",
          showOnProfile: true,
          showToOtherOrgs: false,
          createdAt: now,
          updatedAt: now,
        });
      }
      await db.insert("attendanceTotals", { userId, total: RECORDS, attended: RECORDS });
      const note = { userId, title: "A note", body: "What it says.", read: false, createdAt: now };
      for (let prompt = 0; prompt < PROMPTS; prompt++) {
        await db.insert("notifications", { ...note, type: "attendance_prompt", ...events[prompt % 2]! });
      }
      for (let other = 0; other < OTHERS; other++) await db.insert("notifications", { ...note, type: "welcome" });
    }
    return null;
  });
}
