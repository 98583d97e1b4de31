import { expect, test } from "vitest";
import { openTestDatabase, schemaOf } from "../tx/testing/database.ts";
import { PRIMARY } from "../tx/types.ts";
import { CausePaths } from "./cause-paths.ts";

function open() {
  const { database } = openTestDatabase();
  database.setSchema(schemaOf({ jobs: { indexes: { by_group: ["group"] } } }));
  const { number = 0, indexes = [] } = database.catalogue.get("jobs") ?? {};
  const index = indexes.find(({ name }) => name === "by_group")?.number ?? 0;
  return { database, number, index, causePaths: new CausePaths(database.catalogue) };
}

test("cause paths are told apart by index, change and fields, and are one text each", () => {
  const { number, index, causePaths } = open();
  const texts = () => [
    causePaths.of(number, index, "update", ["a", "b"], "jobs").causePath,
    causePaths.of(number, index, "update", ["a"], "jobs").causePath,
    causePaths.of(number, index, "insert", [], "jobs").causePath,
    causePaths.of(number, PRIMARY, "insert", [], "jobs").causePath,
    causePaths.of(0, 0, "name", ["env:X"], null).causePath,
    causePaths.of(number, 99, "delete", [], "jobs").causePath,
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
  expect(causePaths.of(number, index, "update", ["a"], "jobs")).toBe(
    causePaths.of(number, index, "update", ["a"], "jobs"),
  );
});

test("any number of cause paths is answered, also those that are not kept", () => {
  const { number, index, causePaths } = open();
  for (let round = 0; round < 2; round += 1) {
    for (let n = 0; n < 100; n += 1) {
      expect(causePaths.of(number, index, "update", [`f${n}`], "jobs").causePath).toBe(`jobs.by_group [f${n}]`);
    }
  }
});

test("after a change of the schema names are looked up again", () => {
  const { database, number, index, causePaths } = open();
  expect(causePaths.of(number, index, "insert", [], "jobs").index).toBe("by_group");
  database.setSchema(schemaOf({ jobs: { indexes: {} } }));
  causePaths.clear();
  expect(causePaths.of(number, index, "insert", [], "jobs").index).toBe(`#${index}`);
});
