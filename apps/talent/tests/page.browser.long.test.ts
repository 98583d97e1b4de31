/**
 * The page as a person meets it: matches that arrive, a model that refuses for a while, an answered question, a mail.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { browserApp, canBrowse, eventually, START_MS, type BrowserApp } from "../../ui/testing/browser-app.ts";
import { startMailServer, type MailServer } from "../testing/mail-server.ts";

describe.runIf(canBrowse)("the page", () => {
  let app: BrowserApp;
  let mail: MailServer;

  beforeAll(async () => {
    mail = await startMailServer();
    // The test's own server has the port: the demo's catcher stands back, and what is sent can be read here.
    app = await browserApp("talent", { TALENT_SMTP_PORT: new URL(mail.url).port });
  }, START_MS);

  afterAll(async () => {
    await app.close();
    await mail.close();
  });

  test("matching goes batch by batch through refusals, in two windows in step", { timeout: 120_000 }, async () => {
    const [one, two] = [await app.open({ width: 1600 }), await app.open({ width: 400 })];
    const matches = one.getByRole("region", { name: "Matches" });
    const other = two.getByRole("region", { name: "Matches" });
    await matches.getByText("No matches yet").waitFor();
    await other.getByText("No matches yet").waitFor();

    await matches.getByRole("button", { name: /Run matching/ }).click();
    await other.getByRole("list", { name: "Found so far" }).waitFor();
    await matches.getByRole("button", { name: /Make the model answer 429/ }).click();
    await matches.getByText("Waiting for the model").waitFor();
    await matches.getByText(/Retry \d+ of batch \d/).waitFor();
    await other.getByText("Waiting for the model").waitFor();
    await matches.getByRole("button", { name: /end it/ }).click();
    await matches.getByText("Finished").waitFor();
    await other.getByText("Finished").waitFor();
    await eventually(async () => expect(await matches.getByText(/\d+ new/).count()).toBe(1));

    await matches
      .getByRole("button", { name: /^Save: / })
      .first()
      .click();
    await two.getByText("Saved", { exact: true }).click();
    await other
      .getByRole("button", { name: /^Take out of the saved: / })
      .first()
      .waitFor();
  });

  test("an answer moves from the questions to the history; a mail arrives", { timeout: 60_000 }, async () => {
    const page = await app.open({ width: 1000 });
    const questions = page.getByRole("region", { name: "Did you attend?" });
    const first = questions.getByRole("group").first();
    const label = (await first.getAttribute("aria-label")) ?? "";
    const title = label.replace("Did you attend ", "").replace(/\?$/, "");
    await first.getByRole("button", { name: "Yes" }).click();
    await questions.getByRole("group", { name: label }).waitFor({ state: "detached" });
    await page.getByRole("list", { name: "History" }).getByText(title).first().waitFor();

    const outbox = page.getByRole("region", { name: "Mail outbox" });
    await outbox.getByRole("button", { name: "Send one now" }).click();
    await page.getByRole("menuitem", { name: "Weekly digest" }).click();
    await outbox.getByText("Your week in the talent network").waitFor();
    await outbox.getByText("sent", { exact: true }).waitFor();
    expect(mail.mails.map(({ headers }) => headers.get("subject"))).toContain("Your week in the talent network");
  });

  test("an administrator moves a participant, and the count follows", { timeout: 60_000 }, async () => {
    const page = await app.open({ width: 1000 });
    const programs = page.getByRole("region", { name: "Programs" });
    const program = programs.getByRole("button").first();
    const enrolled = async () => Number(/(\d+) enrolled/.exec(await program.innerText())?.[1]);
    const before = await enrolled();
    await program.click();
    const someone = programs.getByRole("combobox").first();
    const isEnrolled = (await someone.inputValue()) === "enrolled";
    await someone.selectOption(isEnrolled ? "completed" : "enrolled");
    await eventually(async () => expect(await enrolled()).toBe(before + (isEnrolled ? -1 : 1)));
    expect(app.pageErrors).toEqual([]);
  });
});
