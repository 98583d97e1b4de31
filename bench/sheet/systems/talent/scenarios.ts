/**
 * The scenarios of the talent network: the hour of the alerts, the history, pending questions, a run of the matching, ended events.
 *
 * @module
 */
import type { DataModel, Id } from "../../../../apps/talent/convex/_generated/dataModel.js";
import { startModelServer } from "../../../../apps/talent/testing/model-server.ts";
import type { Stage } from "../../stage.ts";
import type { Form, SheetSize } from "../../size.ts";
import type { Scenario } from "../../system.ts";
import type { Facts } from "./facts.ts";

/** Two mails look every hour. */
const MAIL_QUERIES_A_DAY = 48;
/** A hundred people, each a hundred page views a week. */
const PAGE_VIEWS_A_DAY = 1_430;
/** A hundred people, one event a week each. */
const ANSWERS_A_DAY = 14;
const MATCHING_RUNS_A_DAY = 5;
/** Every ten minutes. */
const EVENT_SCANS_A_DAY = 144;

/** Longer than an answer that saw the clock is kept. */
const PAUSE_MS = 20_000;
/** Four questions, a second apart. */
const RUN_MS = 8_000;
const HOUR_MS = 3_600_000;

const many = ({ plays }: SheetSize): number => plays;
/** The first form sleeps in its action: three real seconds a run. */
const few = ({ plays }: SheetSize): number => Math.min(plays, 3);

export const SCENARIOS: readonly Scenario<Facts>[] = [
  {
    name: "alert hour",
    about: "somebody changes their settings, then the hourly mail asks who of 100 is due: 20 are",
    original: "1,100 documents, then 120",
    perDay: MAIL_QUERIES_A_DAY,
    plays: many,
    open: async (stage) => {
      const path = pathIn(stage.form, "emails/send:getUsersForMatchAlertBatch");
      const ask = async () => void (await stage.call("query", path, { targetLocalHour: 8 }));
      await ask();
      let turn = 0;
      return async () => {
        await stage.advance(PAUSE_MS);
        await changeSettings(stage, turn++);
        await ask();
      };
    },
  },
  {
    name: "history opened",
    about: "somebody opens a history of 50 records, 10 events and 3 organisations for the first time",
    original: "150 documents, then 63",
    perDay: PAGE_VIEWS_A_DAY,
    plays: many,
    open: async (stage) => {
      let turn = 0;
      const next = async () => {
        const userId = stage.facts.visitors[++turn % stage.facts.visitors.length]!;
        await stage.ask(pathIn(stage.form, "attendance:getMyAttendanceHistory"), { userId });
      };
      await next();
      return next;
    },
  },
  {
    name: "history",
    about: "one of the 50 records changes, with the history open",
    original: "150 documents, then 63",
    perDay: ANSWERS_A_DAY,
    plays: many,
    open: async (stage) => {
      const { visitors, answeredId } = stage.facts;
      const args = { userId: visitors[0]! };
      await stage.socket().modify([{ path: pathIn(stage.form, "attendance:getMyAttendanceHistory"), args }]);
      let turn = 0;
      const next = async () => await answer(stage, answeredId, turn++ % 2 === 0 ? "not_attended" : "attended");
      await next();
      return next;
    },
  },
  {
    name: "pending questions",
    about: "a fifth question arrives and is answered, with the questions open",
    original: "unread + 2 for each, then unread + distinct",
    perDay: ANSWERS_A_DAY,
    plays: many,
    open: async (stage) => {
      const args = { userId: stage.facts.visitors[0]! };
      await stage.socket().modify([{ path: pathIn(stage.form, "attendance:getPendingPrompts"), args }]);
      const next = async () => {
        const id = await arrive(stage);
        await stage.settle();
        await answer(stage, id, "attended");
      };
      await next();
      return next;
    },
  },
  {
    name: "matching",
    about: "a position closes or opens, then 50 are matched in four questions, with matches and their count open",
    original: "one action of four questions, then four actions and four saves",
    perDay: MATCHING_RUNS_A_DAY,
    plays: few,
    open: async (stage) => {
      const { profileId, members, opportunityId } = stage.facts;
      const model = await startModelServer(() => stage.world.clock.nowMs());
      await stage.world.app.setEnvironment({ MODEL_URL: model.url });
      const args = { userId: members[0]! };
      const paths = ["matches:getMyMatches", "matches:getNewMatchCount"];
      await stage.socket().modify(paths.map((path) => ({ path: pathIn(stage.form, path), args })));
      let turn = 0;
      const next = async () => {
        const status = turn++ % 2 === 0 ? "closed" : "active";
        await stage.call("mutation", "opportunities:setStatus", { id: opportunityId, status });
        await stage.call("action", pathIn(stage.form, "matching:computeMatchesForProfile"), { profileId });
        await stage.advance(RUN_MS);
      };
      await next();
      return next;
    },
  },
  {
    name: "ended events",
    about: "an event has ended, then the ten-minute job looks for such events",
    original: "all events, 144 times a day; the optimisation left it as it was",
    perDay: EVENT_SCANS_A_DAY,
    plays: many,
    open: async (stage) => {
      const path = pathIn(stage.form, "events:checkEndedEvents");
      await stage.call("mutation", path);
      return async () => {
        await endEvent(stage);
        await stage.call("mutation", path);
      };
    },
  },
];

/** A function's path in a form. */
function pathIn(form: Form, path: string): string {
  return form === "fixed" ? path : `${form}/${path}`;
}

/** Another member each time switches the weekly digest off. */
async function changeSettings(stage: Stage<Facts>, turn: number): Promise<void> {
  const { members } = stage.facts;
  await stage.call("mutation", "profiles:setNotificationPreferences", {
    userId: members[turn % members.length]!,
    preferences: {
      matchAlerts: { enabled: true },
      weeklyDigest: { enabled: false },
      timezone: ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"][turn % 4]!,
    },
  });
}

async function answer(stage: Stage<Facts>, notificationId: Id<"notifications">, status: string): Promise<void> {
  const userId = stage.facts.visitors[0]!;
  await stage.call("mutation", "attendance:answerPrompt", { userId, notificationId, status });
}

/** A question to the first visitor. */
async function arrive(stage: Stage<Facts>): Promise<Id<"notifications">> {
  const { visitors, eventId, orgId } = stage.facts;
  return await stage.world.app.run<Id<"notifications">, DataModel>(
    async ({ db }) =>
      await db.insert("notifications", {
        userId: visitors[0]!,
        type: "attendance_prompt",
        eventId,
        orgId,
        title: "Did you attend?",
        body: "Say whether you came.",
        read: false,
        createdAt: stage.world.clock.nowMs(),
      }),
  );
}

/** An event whose people have not been asked yet. */
async function endEvent(stage: Stage<Facts>): Promise<void> {
  const endAt = stage.world.clock.nowMs();
  await stage.world.app.run<null, DataModel>(async ({ db }) => {
    await db.insert("events", {
      orgId: stage.facts.orgId,
      lumaId: `ended-${endAt}`,
      title: "An evening",
      description: "What happened there. ".repeat(40),
      isVirtual: false,
      startAt: endAt - 2 * HOUR_MS,
      endAt,
    });
    return null;
  });
}
