import { rootTable } from "@narrowcast/values";
import { expect, test } from "vitest";
import { openTestDatabase, schemaOf } from "../tx/testing/database.ts";
import { PRIMARY } from "../tx/types.ts";
import { KnownWays } from "./known-ways.ts";

const JOBS = rootTable("jobs");

function open() {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ jobs: { indexes: { by_group: ["group"] } } }));
  const { number = 0, indexes = [] } = database.catalogue.get(JOBS) ?? {};
  const index = indexes.find(({ name }) => name === "by_group")?.number ?? 0;
  return { database, number, index, ways: new KnownWays(database.catalogue) };
}

test("ways are told apart by index, change and fields, and are one text each", () => {
  const { number, index, ways } = open();
  const texts = () => [
    ways.of(number, index, "update", ["a", "b"], JOBS).way,
    ways.of(number, index, "update", ["a"], JOBS).way,
    ways.of(number, index, "insert", [], JOBS).way,
    ways.of(number, PRIMARY, "insert", [], JOBS).way,
    ways.of(0, 0, "name", ["env:X"], null).way,
    ways.of(number, 99, "delete", [], JOBS).way,
  ];
  const expected = [
    "jobs.by_group [a, b]",
    "jobs.by_group [a]",
    "jobs.by_group (insert)",
    "jobs.by_id (insert)",
    "env:X",
    "jobs.#99 (delete)",
  ];
  expect([texts(), texts()]).toEqual([expected, expected]);
  expect(ways.of(number, index, "update", ["a"], JOBS)).toBe(ways.of(number, index, "update", ["a"], JOBS));
});

test("any number of ways is answered, also those that are not kept", () => {
  const { number, index, ways } = open();
  for (let round = 0; round < 2; round += 1) {
    for (let n = 0; n < 100; n += 1) {
      expect(ways.of(number, index, "update", [`f${n}`], JOBS).way).toBe(`jobs.by_group [f${n}]`);
    }
  }
});

test("after a change of the schema names are looked up again", () => {
  const { database, number, index, ways } = open();
  expect(ways.of(number, index, "insert", [], JOBS).index).toBe("by_group");
  database.setSchema(schemaOf({ jobs: { indexes: {} } }));
  ways.clear();
  expect(ways.of(number, index, "insert", [], JOBS).index).toBe(`#${index}`);
});
