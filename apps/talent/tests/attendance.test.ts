/**
 * What the attendance and program functions show, the same in all three forms; answers and counters.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Id } from "../convex/_generated/dataModel.js";
import {
  addAttendance,
  addEvent,
  addOrganization,
  addPerson,
  clear,
  FORMS,
  insert,
  openNetwork,
  remove,
  rows,
  START_MS,
} from "../testing/network.ts";

let app: TestDeployment;
let subject: string;
let orgId: Id<"organizations">;

beforeAll(async () => {
  ({ app } = await openNetwork());
});
afterAll(() => app.close());
beforeEach(async () => {
  await clear(app);
  subject = (await addPerson(app)).userId;
  orgId = await addOrganization(app);
});

const prompt = async (eventId: Id<"events">, read = false): Promise<Id<"notifications">> => {
  const fields = { userId: subject, type: "attendance_prompt", title: "?", body: "?", createdAt: START_MS };
  return await insert(app, "notifications", { ...fields, eventId, orgId, read });
};
const mine = async (path: string, args = {}): Promise<unknown> => await app.as({ subject }).query(path, args);

describe.for(FORMS)("form %s", (form) => {
  test("history is newest first, at most as long as asked, joined, and without deleted events", async () => {
    const gone = await addEvent(app, orgId, { title: "Gone" });
    const ids: Id<"attendance">[] = [];
    for (const title of ["First", "Second", "Third"]) {
      const eventId = await addEvent(app, orgId, { title, isVirtual: title === "Second" });
      ids.push(await addAttendance(app, { userId: subject, eventId, orgId }));
    }
    await addAttendance(app, { userId: subject, eventId: gone, orgId });
    await addAttendance(app, { userId: "somebody else", eventId: gone, orgId });
    await remove(app, gone);
    const history = (await mine(`${form}attendance:getMyAttendanceHistory`)) as object[];
    expect(history).toMatchObject([
      {
        _id: ids[2],
        event: { title: "Third", isVirtual: false, location: "Berlin" },
        org: { name: "Harbour Institute" },
      },
      { _id: ids[1], event: { title: "Second", isVirtual: true } },
      { _id: ids[0], event: { title: "First" } },
    ]);
    // The deleted event's record was one of the two newest.
    expect(await mine(`${form}attendance:getMyAttendanceHistory`, { limit: 2 })).toMatchObject([{ _id: ids[2] }]);
  });

  test("a record of a deleted organisation is shown without it", async () => {
    const eventId = await addEvent(app, orgId);
    await addAttendance(app, { userId: subject, eventId, orgId });
    await remove(app, orgId);
    expect(await mine(`${form}attendance:getMyAttendanceHistory`)).toMatchObject([{ org: null }]);
  });

  test("pending prompts are the unread ones of that type, newest first, whose event is there", async () => {
    const [one, two, gone] = [await addEvent(app, orgId), await addEvent(app, orgId), await addEvent(app, orgId)];
    const first = await prompt(one);
    await prompt(one, true);
    await prompt(gone);
    const last = await prompt(two);
    await insert(app, "notifications", {
      userId: subject,
      type: "welcome",
      title: "Hello",
      body: "Hello",
      read: false,
      createdAt: START_MS,
    });
    await remove(app, gone);
    expect(await mine(`${form}attendance:getPendingPrompts`)).toMatchObject([
      { _id: last, event: { title: "Reading group" }, org: { name: "Harbour Institute" } },
      { _id: first },
    ]);
  });

  test("the summary counts attended and partial, and shows the last three", async () => {
    for (const status of ["attended", "partial", "not_attended", "unknown", "attended"] as const) {
      await addAttendance(app, {
        userId: subject,
        eventId: await addEvent(app, orgId, { title: status }),
        orgId,
        status,
      });
    }
    const summary = (await mine(`${form}attendance:getMyAttendanceSummary`)) as { recent: object[] };
    expect(summary).toMatchObject({ total: 5, attended: 3 });
    expect(summary.recent).toMatchObject([
      {
        status: "attended",
        event: { title: "attended", startAt: expect.any(Number) as number },
        org: { name: "Harbour Institute" },
      },
      { status: "unknown" },
      { status: "not_attended" },
    ]);
  });

  test("privacy defaults are shown on the profile, not to others, unless set", async () => {
    const path = `${form}attendance:getAttendancePrivacyDefaults`;
    expect(await mine(path)).toEqual({ showOnProfile: true, showToOtherOrgs: false });
    const attendancePrivacyDefaults = { showOnProfile: false, showToOtherOrgs: true };
    const privacySettings = { defaultVisibility: "members", attendancePrivacyDefaults } as const;
    const { userId } = await addPerson(app, { privacySettings });
    expect(await app.as({ subject: userId }).query(path)).toEqual(attendancePrivacyDefaults);
  });

  test("nobody signed in sees nothing, and cannot name somebody else", async () => {
    await addAttendance(app, { userId: subject, eventId: await addEvent(app, orgId), orgId });
    for (const args of [{}, { userId: subject }]) {
      expect(await app.query(`${form}attendance:getMyAttendanceHistory`, args)).toEqual([]);
      expect(await app.query(`${form}attendance:getPendingPrompts`, args)).toEqual([]);
      expect(await app.query(`${form}attendance:getMyAttendanceSummary`, args)).toBeNull();
    }
    await app.setEnvironment({ DEMO: "1" });
    expect(await app.query(`${form}attendance:getMyAttendanceHistory`, { userId: subject })).toHaveLength(1);
    // An identity wins over what is named.
    expect(
      await app.as({ subject: "ann" }).query(`${form}attendance:getMyAttendanceHistory`, { userId: subject }),
    ).toEqual([]);
  });

  test("participants have names, no addresses, and are for administrators only", async () => {
    const program = { orgId, name: "Fellowship", slug: "f", summary: "A year.", status: "active" } as const;
    const programId = await insert(app, "programs", program);
    const row = { programId, orgId, status: "enrolled", enrolledAt: 0 } as const;
    await insert(app, "programParticipation", { ...row, userId: subject });
    await insert(app, "programParticipation", { ...row, userId: "nobody known", status: "pending" });
    const path = `${form}programs:getProgramParticipants`;
    await expect(mine(path, { programId })).rejects.toThrow(/not an administrator/);
    await expect(app.query(path, { programId })).rejects.toThrow(/nobody is signed in/);
    await insert(app, "orgMemberships", { orgId, userId: subject, role: "admin" });
    expect(await mine(path, { programId })).toMatchObject([
      { memberName: "Mara", memberEmail: null, status: "enrolled" },
      { memberName: "Unknown", memberEmail: null, status: "pending" },
    ]);
    const programs = `${form}programs:getOrgPrograms`;
    expect(await mine(programs, { orgId })).toMatchObject([{ name: "Fellowship", participantCount: 1 }]);
    expect(await mine(programs, { orgId, status: "completed" })).toEqual([]);
    await remove(app, programId);
    await expect(mine(path, { programId })).rejects.toThrow(/no such program/);
  });
});

describe("answers", () => {
  test("an answer writes the record, reads the prompt, and counts once, however often it is given", async () => {
    const eventId = await addEvent(app, orgId);
    await addAttendance(app, { userId: subject, eventId: await addEvent(app, orgId), orgId });
    const notificationId = await prompt(eventId);
    const answer = async (status: string) =>
      await app.as({ subject }).mutation("attendance:answerPrompt", { notificationId, status });
    const totals = async () => await mine("attendance:getMyAttendanceSummary");
    await answer("attended");
    expect(await totals()).toMatchObject({ total: 2, attended: 2 });
    await answer("not_attended");
    expect(await totals()).toMatchObject({ total: 2, attended: 1 });
    await answer("partial");
    expect(await totals()).toMatchObject({ total: 2, attended: 2 });
    expect(await mine("before/attendance:getMyAttendanceSummary")).toMatchObject({ total: 2, attended: 2 });
    expect(await mine("attendance:getPendingPrompts")).toEqual([]);
    expect((await rows(app, "attendance")).filter((row) => row.eventId === eventId)).toMatchObject([
      { status: "partial" },
    ]);
  });

  test("somebody else's prompt, and one of a deleted event, is refused", async () => {
    const eventId = await addEvent(app, orgId);
    const notificationId = await prompt(eventId);
    const args = { notificationId, status: "attended" };
    await expect(app.as({ subject: "ann" }).mutation("attendance:answerPrompt", args)).rejects.toThrow(
      /no question to you/,
    );
    await remove(app, eventId);
    await expect(app.as({ subject }).mutation("attendance:answerPrompt", args)).rejects.toThrow(/deleted/);
    expect(await rows(app, "notifications")).toMatchObject([{ read: false }]);
  });

  test("a change of participation moves the program's counter, and counts first where there is none", async () => {
    const program = { orgId, name: "Fellowship", slug: "f", summary: "A year.", status: "active" } as const;
    const programId = await insert(app, "programs", program);
    await insert(app, "orgMemberships", { orgId, userId: subject, role: "admin" });
    const row = { programId, orgId, enrolledAt: 0 } as const;
    await insert(app, "programParticipation", { ...row, userId: "a", status: "enrolled" });
    const participationId = await insert(app, "programParticipation", { ...row, userId: "b", status: "pending" });
    for (const [status, enrolled] of [
      ["enrolled", 2],
      ["enrolled", 2],
      ["withdrawn", 1],
      ["removed", 1],
    ] as const) {
      await app.as({ subject }).mutation("programs:setParticipationStatus", { participationId, status });
      for (const form of FORMS) {
        expect(await mine(`${form}programs:getOrgPrograms`, { orgId })).toMatchObject([{ participantCount: enrolled }]);
      }
    }
  });
});
