/**
 * Mails: rendered, sent to a mail server on loopback, and read there; holes of the older forms.
 */
import type { TestDeployment } from "@narrowcast/server";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startMailServer, type MailServer } from "../testing/mail-server.ts";
import {
  addEvent,
  addMatch,
  addOpportunities,
  addOrganization,
  addPerson,
  change,
  clear,
  FORMS,
  openNetwork,
  rows,
  type Network,
} from "../testing/network.ts";

const HOUR_MS = 3_600_000;
const ALERTS = "emails/send:getUsersForMatchAlertBatch";
const AT_EIGHT = { targetLocalHour: 8 };

let network: Network;
let app: TestDeployment;
let mail: MailServer;
beforeAll(async () => {
  network = await openNetwork();
  ({ app } = network);
  mail = await startMailServer();
});
afterAll(async () => {
  await app.close();
  await mail.close();
});
beforeEach(async () => {
  await clear(app);
  // With nobody there, the crons of the time between have nothing to do.
  await untilEight();
  mail.reset();
  await app.setEnvironment({ SMTP_URL: mail.url });
});

const wantsAlerts = (timezone = "Europe/Berlin") => ({
  notificationPreferences: { matchAlerts: { enabled: true }, weeklyDigest: { enabled: true }, timezone },
});

/** Somebody in Berlin with so many new matches. */
async function reader(name: string, matches: number): Promise<{ userId: string }> {
  const person = await addPerson(app, { name, ...wantsAlerts() }, `${name.toLowerCase()}@talent.example`);
  const ids = await addOpportunities(app, matches);
  for (const [index, opportunityId] of ids.entries()) {
    await addMatch(app, { profileId: person.profileId, opportunityId, score: 60 + index });
  }
  return person;
}

/** Plans mails of a kind and lets them go out. */
async function send(kind: string): Promise<void> {
  await app.mutation("emails/send:planMails", { kind });
  await app.advance(0);
}

/** Moves to the next time that a clock in Berlin says eight, some minutes past. */
async function untilEight(): Promise<void> {
  const nowMs = network.clock.nowMs();
  const day = 24 * HOUR_MS;
  const eight = Math.floor(nowMs / day) * day + 6 * HOUR_MS + 10 * 60_000;
  await app.advance((eight <= nowMs ? eight + day : eight) - nowMs);
}

describe("who is due", () => {
  test.for(FORMS)("form %s: those who want alerts, have an address, and whose clock says eight", async (form) => {
    await addPerson(app, { name: "Berlin", ...wantsAlerts() });
    await addPerson(app, { name: "New York", ...wantsAlerts("America/New_York") });
    await addPerson(app, { name: "No address", ...wantsAlerts() }, null);
    await addPerson(app, { name: "No wish" });
    const { userId, profileId } = await addPerson(app, wantsAlerts());
    await change(app, profileId, { name: undefined as never });
    await app.mutation("emails/send:refreshMailHours");
    const due = (await app.query(`${form}${ALERTS}`, AT_EIGHT)) as { userName: string }[];
    expect(due.map(({ userName }) => userName).toSorted()).toEqual(["Berlin", "there"]);
    expect(due).toContainEqual({
      userId,
      profileId,
      email: "person@talent.example",
      timezone: "Europe/Berlin",
      userName: "there",
    });
  });

  test.for(FORMS)("form %s: digests carry what they need", async (form) => {
    const orgId = await addOrganization(app);
    const completedSections = ["work"];
    const zone = wantsAlerts();
    const events = (frequency: "daily" | "weekly") => ({
      eventNotificationPreferences: { frequency, mutedOrgIds: [orgId] },
    });
    await addPerson(app, { ...zone, ...events("daily"), completedSections, hasEnrichmentConversation: true });
    await addPerson(app, { name: "Week", ...events("weekly") });
    await app.mutation("emails/send:refreshMailHours");
    const ask = async (name: string, args = {}) =>
      (await app.query(`${form}emails/send:getUsersFor${name}`, args)) as object[];
    expect(await ask("WeeklyDigestBatch")).toMatchObject([{ completedSections, hasEnrichmentConversation: true }]);
    expect(await ask("DailyEventDigestBatch", AT_EIGHT)).toMatchObject([
      { mutedOrgIds: [orgId], timezone: "Europe/Berlin" },
    ]);
    const [weekly] = await ask("WeeklyEventDigestBatch");
    expect(weekly).toMatchObject({ userName: "Week", mutedOrgIds: [orgId] });
    expect(weekly).not.toHaveProperty("timezone");
  });

  test("hole 9: a user id that is no id fails the whole hour after, and costs nobody else anything when fixed", async () => {
    await addPerson(app, { name: "Fine", ...wantsAlerts() });
    await addPerson(app, { name: "Broken", userId: "auth0|12345", ...wantsAlerts() });
    await app.mutation("emails/send:refreshMailHours");
    await expect(app.query(`after/${ALERTS}`, AT_EIGHT)).rejects.toThrow();
    expect(await app.query(ALERTS, AT_EIGHT)).toMatchObject([{ userName: "Fine" }]);
  });

  test("hole 12: one more profile that is not due is read by the older forms, not by the fixed one", async () => {
    await addPerson(app, { name: "Due", ...wantsAlerts() });
    const reads = async (form: string) =>
      (await app.expectCost(() => app.query(`${form}${ALERTS}`, AT_EIGHT))).convexDocuments;
    await app.mutation("emails/send:refreshMailHours");
    const first = [await reads("after/"), await reads("")];
    for (let number = 0; number < 10; number++) await addPerson(app, wantsAlerts("Asia/Kolkata"));
    // An answer that saw the clock is kept for some seconds.
    await app.advance(30_000);
    await app.mutation("emails/send:refreshMailHours");
    expect([await reads("after/"), await reads("")]).toEqual([first[0]! + 10, first[1]]);
  });

  test("a zone that no machine knows counts as UTC and stops nobody", async () => {
    await addPerson(app, { name: "Mars", ...wantsAlerts("Mars/Olympus") });
    await addPerson(app, { name: "Berlin", ...wantsAlerts() });
    await app.mutation("emails/send:refreshMailHours");
    for (const form of FORMS) {
      expect(await app.query(`${form}${ALERTS}`, AT_EIGHT)).toMatchObject([{ userName: "Berlin" }]);
    }
    const [{ userId } = { userId: "" }] = await rows(app, "profiles");
    const preferences = wantsAlerts("Mars/Olympus").notificationPreferences;
    const move = app.as({ subject: userId }).mutation("profiles:setNotificationPreferences", { preferences });
    await expect(move).rejects.toThrow(/no time zone/);
  });

  test("whoever moves gets mail by the new clock", async () => {
    const { userId } = await addPerson(app, wantsAlerts("Asia/Kolkata"));
    await app.mutation("emails/send:refreshMailHours");
    expect(await app.query(ALERTS, AT_EIGHT)).toEqual([]);
    const preferences = wantsAlerts().notificationPreferences;
    await app.as({ subject: userId }).mutation("profiles:setNotificationPreferences", { preferences });
    expect(await app.query(ALERTS, AT_EIGHT)).toHaveLength(1);
  });
});

describe("the alert", () => {
  test("arrives as text and HTML, with the best matches first", async () => {
    const { userId } = await reader("Mara", 6);
    await send("match-alert");
    expect(mail.mails).toHaveLength(1);
    const [{ to, headers, text, html }] = mail.mails as [(typeof mail.mails)[number]];
    expect(to).toEqual(["mara@talent.example"]);
    expect(headers.get("subject")).toBe("5 new matches for you");
    expect(headers.get("from")).toContain("network@talent.example");
    expect(headers.get("content-type")).toContain("multipart/alternative");
    expect(text).toContain("Hello Mara");
    expect(text.indexOf("Opening 5")).toBeLessThan(text.indexOf("Opening 1"));
    expect(text).not.toContain("Opening 0");
    expect(html).toContain('<a href="https://talent.example/openings/5"');
    expect(html).toContain("Knows the field");
    const id = headers.get("message-id");
    expect(await rows(app, "mails")).toMatchObject([{ userId, status: "sent", tries: 1, messageId: id }]);
    expect(await app.as({ subject: userId }).query("emails/outbox:listMine")).toMatchObject([
      { subject: "5 new matches for you" },
    ]);
    expect(await app.query("emails/outbox:listMine")).toEqual([]);
  });

  test("goes out once a day, however often the hour is planned, and again the next day", async () => {
    await reader("Mara", 1);
    await send("match-alert");
    await send("match-alert");
    expect(mail.mails).toHaveLength(1);
    // By the hourly cron.
    await app.advance(24 * HOUR_MS);
    expect(mail.mails).toHaveLength(2);
  });

  test("is not sent when there is nothing new", async () => {
    await reader("Mara", 0);
    await send("match-alert");
    expect(mail.mails).toEqual([]);
    expect(await rows(app, "mails")).toMatchObject([{ status: "nothing to say" }]);
  });

  test("a mailbox that refuses costs the others nothing, and is tried three times in all", async () => {
    await reader("Mara", 1);
    await reader("Idris", 1);
    let refusals = 0;
    mail.refuses = (address) => {
      if (address !== "mara@talent.example") return false;
      refusals += 1;
      return true;
    };
    await send("match-alert");
    expect(mail.mails.map(({ to }) => to)).toEqual([["idris@talent.example"]]);
    await app.advance(HOUR_MS / 2);
    expect(refusals).toBe(3);
    expect(mail.mails).toHaveLength(1);
    const outcome = (await rows(app, "mails")).find(({ to }) => to === "mara@talent.example");
    expect(outcome).toMatchObject({ status: "failed", tries: 3 });
    expect(outcome?.error).toContain("No such mailbox");
  });

  test("a mail server that comes back gets what it missed", async () => {
    await reader("Mara", 1);
    await app.setEnvironment({ SMTP_URL: null });
    await send("match-alert");
    expect(await rows(app, "mails")).toMatchObject([
      { status: "failed", error: expect.stringContaining("SMTP_URL is not set") as string },
    ]);
    await app.setEnvironment({ SMTP_URL: mail.url });
    await app.advance(10 * 60_000);
    expect(mail.mails).toHaveLength(1);
    expect(await rows(app, "mails")).toMatchObject([{ status: "sent", tries: 2 }]);
  });

  test("hole 11: a call for every user and every match after, three for all of them when fixed", async () => {
    for (const name of ["Mara", "Idris", "Lena"]) await reader(name, 4);
    const calls = async (work: () => Promise<unknown>) => {
      const { functions } = await app.expectCost(work);
      const outside = Object.entries(functions).filter(([path]) => !path.startsWith("_"));
      return new Map(outside.map(([path, cost]) => [path, cost.convexCalls]));
    };
    const after = await calls(() => app.action("after/emails/batchActions:processMatchAlertBatch", AT_EIGHT));
    expect(after.get("opportunities:getNewMatches")).toBe(3);
    expect(after.get("opportunities:getOpportunity")).toBe(3 * 4);
    expect(mail.mails).toHaveLength(3);
    mail.reset();
    const fixed = await calls(() => send("match-alert"));
    expect(mail.mails).toHaveLength(3);
    expect([
      fixed.get("emails/outbox:claim"),
      fixed.get("emails/outbox:contents"),
      fixed.get("emails/outbox:settle"),
    ]).toEqual([1, 1, 1]);
    expect(fixed.has("opportunities:getOpportunity")).toBe(false);
  });

  test("more people than fit into a chunk or a page all get theirs, once", async () => {
    const ids = await addOpportunities(app, 1);
    for (let number = 0; number < 230; number++) {
      const { profileId } = await addPerson(app, wantsAlerts(), `m${number}@talent.example`);
      await addMatch(app, { profileId, opportunityId: ids[0]! });
    }
    await send("match-alert");
    const addresses = mail.mails.flatMap(({ to }) => to);
    expect(addresses).toHaveLength(230);
    expect(new Set(addresses).size).toBe(230);
  });
});

test("summer time: whoever's offset is outdated is brought up to date before the mail is planned", async () => {
  const { profileId } = await addPerson(app, wantsAlerts());
  const [opportunityId] = await addOpportunities(app, 1);
  await addMatch(app, { profileId, opportunityId: opportunityId! });
  // As it was in winter, an hour less, until some moment that has passed.
  await change(app, profileId, { utcOffsetMinutes: 60, utcOffsetUntil: network.clock.nowMs() - 1 });
  expect(await app.query(ALERTS, AT_EIGHT)).toEqual([]);
  await send("match-alert");
  expect(mail.mails).toHaveLength(1);
  expect(await rows(app, "profiles")).toMatchObject([{ utcOffsetMinutes: 120 }]);
});

describe("digests", () => {
  test("the week: matches, and what the profile lacks", async () => {
    const { userId } = await reader("Mara", 2);
    const [profile] = await rows(app, "profiles");
    await change(app, profile!._id, { completedSections: ["work", "skills"] });
    await send("weekly-digest");
    expect(mail.mails).toHaveLength(1);
    expect(mail.mails[0]!.text).toContain("says nothing yet about: education, goals");
    expect(mail.mails[0]!.text).toContain("Opening 1");
    expect(await rows(app, "mails")).toMatchObject([{ userId, kind: "weekly-digest" }]);
  });

  test("events: the coming ones, in the reader's time, without muted organisers", async () => {
    const [orgId, muted] = [await addOrganization(app, "Open Evaluations"), await addOrganization(app, "Too Loud")];
    const startAt = network.clock.nowMs() + 4 * HOUR_MS;
    await addEvent(app, orgId, { title: "Hack day", startAt });
    await addEvent(app, orgId, { title: "Next week", startAt: startAt + 48 * HOUR_MS });
    await addEvent(app, muted, { title: "Noise", startAt });
    const eventNotificationPreferences = { frequency: "daily" as const, mutedOrgIds: [muted] };
    await addPerson(app, { ...wantsAlerts(), eventNotificationPreferences });
    await send("daily-event-digest");
    expect(mail.mails.map(({ headers }) => headers.get("subject"))).toEqual(["One event today"]);
    const [{ text }] = mail.mails as [(typeof mail.mails)[number]];
    expect(text).toContain("Hack day");
    // Ten past six UTC and four hours, in Berlin.
    expect(text).toContain("12:10");
    expect(text).not.toMatch(/Noise|Next week/);
    const [profile] = await rows(app, "profiles");
    await change(app, profile!._id, { eventNotificationPreferences: { frequency: "weekly" } });
    mail.reset();
    await send("weekly-event-digest");
    expect(mail.mails.map(({ headers }) => headers.get("subject"))).toEqual(["3 events this week"]);
  });
});
