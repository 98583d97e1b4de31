import { expect, test } from "vitest";
import { NodeBudget, type Held } from "./node-budget.ts";

interface Thing extends Held {
  readonly name: number;
}

function thing(name: number, bytes = 10): Thing {
  return { name, bytes, isUsed: false, isGone: false };
}

function budgetOf(bytesMax: number) {
  const forgotten: number[] = [];
  const budget = new NodeBudget<Thing>(bytesMax, ({ name }) => forgotten.push(name));
  return { budget, forgotten };
}

test("what was not used for longest goes first; a use gives a second chance", () => {
  const { budget, forgotten } = budgetOf(40);
  const things = [0, 1, 2, 3].map((name) => thing(name));
  for (const each of things) budget.add(each);
  things[0]!.isUsed = true;
  budget.add(thing(4));
  budget.add(thing(5));
  expect(forgotten).toEqual([1, 2]);
  expect([budget.size, budget.bytes, budget.forgotten]).toEqual([4, 40, 2]);
  expect(things.map(({ isGone }) => isGone)).toEqual([false, true, true, false]);
  budget.add(thing(6));
  expect(forgotten).toEqual([1, 2, 3]);
  budget.add(thing(7));
  expect(forgotten).toEqual([1, 2, 3, 0]);
});

test("one that is larger than everything is taken in all the same, alone", () => {
  const { budget, forgotten } = budgetOf(40);
  budget.add(thing(0));
  budget.add(thing(1, 100));
  expect(forgotten).toEqual([0]);
  expect([budget.size, budget.bytes]).toEqual([1, 100]);
});

test("what was removed counts no more and is not forgotten twice", () => {
  const { budget, forgotten } = budgetOf(30);
  const things = [0, 1, 2].map((name) => thing(name));
  for (const each of things) budget.add(each);
  budget.remove(things[1]!);
  budget.remove(things[1]!);
  for (const name of [3, 4]) budget.add(thing(name));
  expect(forgotten).toEqual([1, 0]);
  budget.clear();
  expect(forgotten).toEqual([1, 0, 2, 3, 4]);
  expect([budget.size, budget.bytes, budget.forgotten]).toEqual([0, 0, 1]);
});

test("a long life keeps the latest, whatever was used, removed and forgotten between", () => {
  const { budget, forgotten } = budgetOf(10_000);
  const kept: Thing[] = [];
  for (let name = 0; name < 50_000; name++) {
    const each = thing(name);
    budget.add(each);
    kept.push(each);
    if (name % 7 === 0) budget.remove(each);
    if (name % 3 === 0) kept[Math.max(0, name - 500)]!.isUsed = true;
  }
  const alive = kept.filter(({ isGone }) => !isGone);
  expect(alive.length).toBe(budget.size);
  expect(budget.bytes).toBe(budget.size * 10);
  expect(budget.size).toBe(1_000);
  expect(new Set(forgotten).size).toBe(50_000 - 1_000);
  // Those used lately have outlived younger ones, nobody has outlived them all.
  expect(alive[0]!.name).toBeGreaterThan(45_000);
});
