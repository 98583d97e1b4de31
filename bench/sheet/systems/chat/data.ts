/**
 * The states of the data: the app's own data set at some scale, and one user beside it whose chats the scenarios use.
 *
 * @module
 */
import type { DataModel, Id } from "../../../../apps/chat/convex/_generated/dataModel.js";
import { between, seededRandom } from "../../../../apps/chat/convex/model/random.ts";
import { messageBytes } from "../../../../apps/chat/convex/model/seedPlan.ts";
import { Prose } from "../../../../apps/chat/convex/model/seedText.ts";
import type { SheetSize } from "../../size.ts";
import type { World } from "../../world.ts";
import { EXTERNAL_ID, MAIN_TITLE, OTHER_TITLE } from "./facts.ts";

interface State {
  /** Of the app's own data set. */
  readonly scale: number;
  /** Messages of the chat that scenarios write into, and whether they are short. */
  readonly messages: number;
  readonly isShort: boolean;
}

/** 10,000 records make the first form's statistics fail; 4,000 do not. Ten thousand messages of the usual length are more than it may read for one more. */
const STATES: { readonly [state: string]: State } = {
  "10,000 records": { scale: 0.0425, messages: 1_000, isShort: false },
  "4,000 records": { scale: 0.0175, messages: 200, isShort: false },
  "chat of 10,000": { scale: 0.005, messages: 9_900, isShort: true },
};
const QUICK: State = { scale: 0.005, messages: 60, isShort: false };

export const STATE_NAMES: readonly string[] = Object.keys(STATES);

const SEED = 1;
const MINUTE_MS = 60_000;
/** Rows of one transaction. */
const STEP = 2_000;
/** Bytes of a short text. */
const SHORT = [400, 1_400] as const;
/** Chats in the user's sidebar beside the two. */
const MORE_CHATS = 18;

/** Writes a state. */
export async function seedChat(world: World, name: string, size: SheetSize, now: number): Promise<void> {
  const state = size.isQuick ? QUICK : STATES[name]!;
  const { scale } = state;
  const { steps } = (await world.app.query("seed:plan", { scale })) as { steps: number };
  for (let number = 0; number < steps; number++) {
    await world.app.mutation("seed:step", { scale, seed: SEED, now, number });
  }
  const userId = await world.app.run<Id<"users">, DataModel>(
    async ({ db }) => await db.insert("users", { externalId: EXTERNAL_ID, createdAt: now, updatedAt: now }),
  );
  for (let chat = 0; chat < MORE_CHATS; chat++) {
    await writeChat(
      world,
      userId,
      `One of some chats, ${chat}`,
      { ...state, messages: 2 },
      now - (chat + 2) * MINUTE_MS,
    );
  }
  await writeChat(world, userId, OTHER_TITLE, { ...state, messages: 2 }, now - MINUTE_MS);
  await writeChat(world, userId, MAIN_TITLE, state, now);
  await world.app.action("migrations:initializeStats", { force: true });
}

async function writeChat(
  world: World,
  userId: Id<"users">,
  title: string,
  { messages, isShort }: State,
  endedAt: number,
): Promise<void> {
  const random = seededRandom(messages);
  const prose = new Prose(SEED);
  const createdAt = endedAt - messages * MINUTE_MS;
  const times = { createdAt, updatedAt: endedAt, lastMessageAt: endedAt };
  const chatId = await world.app.run<Id<"chats">, DataModel>(
    async ({ db }) => await db.insert("chats", { userId, title, ...times, messageCount: messages }),
  );
  for (let from = 0; from < messages; from += STEP) {
    await world.app.run<void, DataModel>(async ({ db }) => {
      for (let index = from; index < Math.min(messages, from + STEP); index++) {
        const role = index % 2 === 0 ? "user" : "assistant";
        const content = prose.text(random, isShort ? between(random, ...SHORT) : messageBytes(random, role));
        await db.insert("messages", { chatId, userId, role, content, createdAt: createdAt + index * MINUTE_MS });
      }
    });
  }
}
