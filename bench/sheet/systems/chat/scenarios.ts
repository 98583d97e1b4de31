/**
 * The scenarios of the chat: the statistics, a message, a streamed answer, the sidebar.
 *
 * @module
 */
import { answerTo, growing } from "../../../../apps/chat/convex/model/script.ts";
import type { Stage } from "../../stage.ts";
import type { Form, SheetSize } from "../../size.ts";
import type { Scenario } from "../../system.ts";
import type { Facts } from "./facts.ts";

/** Half of 20,000 messages a day are questions, half are answers. */
const QUESTIONS_A_DAY = 10_000;
const QUESTION = "What would you measure first, and how would you know that it has become better? ".repeat(4);

/** Between two pieces of an answer. */
const PIECE_MS = 120;

const many = ({ plays }: SheetSize): number => plays;
/** An answer is twenty writes, and in the largest chat each makes 13 MB anew. */
const few = ({ plays }: SheetSize): number => Math.min(plays, 2);

export const SCENARIOS: readonly Scenario<Facts>[] = [
  {
    name: "statistics",
    about: "a message in a small chat, then the report of the whole deployment",
    original: "5 to 30 s for 10,000 records, then below 10 ms",
    perDay: 1,
    plays: many,
    open: async (stage) => {
      const report = async () => void (await stage.call("mutation", pathIn(stage.form, "crons:generateDatabaseStats")));
      await report();
      return async () => {
        await send(stage, stage.facts.otherId);
        await report();
      };
    },
  },
  {
    name: "send",
    about: "a message, with nothing open",
    original: "100 to 500 ms in a chat of 1,000, then below 5 ms",
    plays: many,
    open: async (stage) => {
      await send(stage, stage.facts.chatId);
      return async () => await send(stage, stage.facts.chatId);
    },
  },
  {
    name: "answer",
    about: "an answer in twenty pieces, with the chat open",
    perDay: QUESTIONS_A_DAY,
    plays: few,
    open: async (stage) => {
      const { userId, chatId } = stage.facts;
      const path = pathIn(stage.form, "messages:list");
      await stage.socket().modify([{ path, args: { userId, chatId } }]);
      let answers = 0;
      const next = async () => await answer(stage, `answer-${answers++}`);
      await next();
      return next;
    },
  },
  {
    name: "sidebar",
    about: "a message in one of the listed chats, with the sidebar open",
    perDay: QUESTIONS_A_DAY,
    plays: many,
    open: async (stage) => {
      const { userId, chatId } = stage.facts;
      await stage.socket().modify([{ path: pathIn(stage.form, "chats:list"), args: { userId } }]);
      await send(stage, chatId);
      return async () => await send(stage, chatId);
    },
  },
];

/** A function's path in a form. */
function pathIn(form: Form, path: string): string {
  return form === "fixed" ? path : `${form}/${path}`;
}

/** One message of the user, a second after what was before it: times on the rows move. */
async function send(stage: Stage<Facts>, chatId: Facts["chatId"]): Promise<void> {
  const { userId } = stage.facts;
  await stage.advance(1_000);
  const args = { userId, chatId, userMessage: { content: QUESTION } };
  await stage.call("mutation", pathIn(stage.form, "messages:send"), args);
}

/** By the action that gets it from the model. */
async function answer(stage: Stage<Facts>, clientMessageId: string): Promise<void> {
  const { userId, chatId } = stage.facts;
  const pieces = growing(answerTo(QUESTION, 1));
  for (const [index, content] of pieces.entries()) {
    await stage.advance(PIECE_MS);
    const status = index + 1 === pieces.length ? "completed" : "streaming";
    const args = { userId, chatId, clientMessageId, role: "assistant", content, status };
    await stage.call("mutation", pathIn(stage.form, "messages:streamUpsert"), args);
  }
}
