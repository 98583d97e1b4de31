import { expect, test } from "vitest";
import { functionPath, suggestion } from "./function-name.ts";

test.each([
  ["messages:list", "messages:list"],
  ["messages", "messages"],
  ["admin/users:list", "admin/users:list"],
  ["messages.ts:list", "messages:list"],
  ["convex/admin/users.ts:list", "admin/users:list"],
  ["./convex/messages.js", "messages"],
  ["api.messages.list", "messages:list"],
  ["internal.admin.users.list", "admin/users:list"],
  ["_system/cli/modules:apiSpec", "_system/cli/modules:apiSpec"],
])("%s is %s", (name, path) => {
  expect(functionPath(name)).toBe(path);
});

test("what may have been meant: the same file or the same name, else all", () => {
  const names = ["messages:send", "messages:list", "users:list", "users:me"];
  expect(suggestion("messages:lst", names)).toBe("Alike are messages:list, messages:send");
  expect(suggestion("message:list", names)).toBe("Alike are messages:list, users:list");
  expect(suggestion("nothing:here", names)).toBe("There are messages:list, messages:send, users:list, users:me");
  expect(suggestion("a:b", [])).toContain("No functions are deployed here yet");
  const many = Array.from({ length: 14 }, (_, n) => `m:f${n}`);
  expect(suggestion("m:g", many)).toMatch(/^Alike are (?:m:f\d+, ){11}m:f\d+, and 2 more$/u);
});
