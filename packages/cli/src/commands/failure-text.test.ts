import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AdminKeys } from "@narrowcast/server";
import { expect, test } from "vitest";
import { CommandError } from "./context.ts";
import { failureText, refusalText } from "./failure-text.ts";

test("what a person can mend is one sentence, a defect has its stack", () => {
  expect(failureText(new CommandError("Cannot act"))).toBe("Cannot act");
  expect(failureText(new Error("odd"))).toMatch(/^Narrowcast has a defect: Error: odd\n {4}at /);
});

test("a push that misses a variable says how it is set", () => {
  const message = "Environment variable ISSUER is used in auth config file but its value was not set";
  expect(refusalText({ code: "AuthConfigMissingEnvironmentVariable", message })).toBe(
    `${message}; set it: narrowcast env set ISSUER <value>`,
  );
  expect(refusalText({ code: "PushFailed", message })).toBe(message);
});

test("a torn admin key is told with what to do about it", () => {
  const directory = mkdtempSync(join(tmpdir(), "narrowcast-key-"));
  try {
    const first = AdminKeys.open(directory).issue();
    expect(AdminKeys.open(directory).issue()).toBe(first);
    writeFileSync(join(directory, "admin-key"), "0123\n");
    const opened = (): unknown => {
      try {
        return AdminKeys.open(directory);
      } catch (error) {
        return failureText(error);
      }
    };
    expect(opened()).toBe(
      `Cannot read admin secret "${join(directory, "admin-key")}": it has 2 bytes; should be 32 in hex; put it back from a backup, or delete it: ` +
        "then there are new keys, and the former ones open nothing",
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
});
