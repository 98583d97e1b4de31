import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { updateEnvFile, withVariables } from "./env-file.ts";

test.each([
  { name: "adds to an empty file", text: "", expected: "A=1\n" },
  { name: "keeps other lines and comments", text: "# mine\nB=2", expected: "# mine\nB=2\nA=1\n" },
  { name: "replaces its own line in place", text: "A=0\nB=2\n", expected: "A=1\nB=2\n" },
  { name: "does not take a longer name for its own", text: "AA=0\n", expected: "AA=0\nA=1\n" },
])("withVariables() $name", ({ text, expected }) => {
  expect(withVariables(text, { A: "1" })).toBe(expected);
});

test("updateEnvFile() uses the prefix of the app's framework and writes once", () => {
  const directory = mkdtempSync(join(tmpdir(), "env-file-"));
  writeFileSync(join(directory, "package.json"), JSON.stringify({ devDependencies: { vite: "8" } }));
  const values = {
    url: "http://127.0.0.1:3210",
    cloudUrl: "https://api.example.com",
    siteUrl: "https://site.example.com",
    adminKey: "app|01",
  };
  expect(updateEnvFile(directory, values)).toBe(true);
  expect(updateEnvFile(directory, values)).toBe(false);
  expect(readFileSync(join(directory, ".env.local"), "utf8")).toBe(
    "CONVEX_SELF_HOSTED_URL=http://127.0.0.1:3210\nCONVEX_SELF_HOSTED_ADMIN_KEY='app|01'\nVITE_CONVEX_URL=https://api.example.com\nVITE_CONVEX_SITE_URL=https://site.example.com\n",
  );
});
