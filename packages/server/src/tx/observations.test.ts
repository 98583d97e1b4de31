import type { Doc, Value } from "@narrowcast/values";
import { expect, test } from "vitest";
import { DocumentAccess } from "./document-access.ts";
import { FIELDS_APART, Observations } from "./observations.ts";

type Loose = { [field: string]: Value };

const ROW: Doc = { _creationTime: 1, _id: "k1", name: "Ann", rank: 3 };

test("two hand-outs of one document are two objects, and what was noted of both is one", () => {
  const observations = new Observations();
  const documentAccess = new DocumentAccess(observations, { isWhole: false, isCopied: false, isLazy: true });
  const [a, b] = [documentAccess.give(ROW) as Loose, documentAccess.give(ROW) as Loose];
  expect(a === b).toBe(false);
  a["name"] = "changed";
  expect(b["name"]).toBe("Ann");
  expect(a["rank"]).toBe(3);
  expect(observations.fieldsOf("k1")).toEqual(["name", "rank"]);
});

test("more names than there are bits are noted wider, never narrower", () => {
  const observations = new Observations();
  const names = Array.from({ length: FIELDS_APART + 5 }, (_, n) => `f${n}`);
  for (const name of names) observations.note("d", name);
  observations.note("e", `f${FIELDS_APART}`);
  expect(names.every((name) => observations.includes("d", [name]))).toBe(true);
  expect(observations.includes("e", [`f${FIELDS_APART + 2}`])).toBe(true);
  expect(observations.includes("e", ["f0"])).toBe(false);
  expect(observations.includes("d", ["never"])).toBe(false);
  observations.noteAll("e");
  expect(observations.includes("e", ["never"])).toBe(true);
  expect(observations.includes("e", [])).toBe(false);
});
