import { expect, test } from "vitest";
import { ReadHabits } from "./document-access.ts";

/** Plays runs of one function on one table: of which nothing is noted. Tracked ones take `takenWhole` of `given`. */
function play(habits: ReadHabits, runs: number, given: number, takenWhole: number): boolean[] {
  return Array.from({ length: runs }, () => {
    const isPlain = habits.takesWhole(1);
    if (!isPlain) habits.learn(1, { given, takenWhole, takenApart: 0 }, true);
    return isPlain;
  });
}

/** Numbers of the runs that were tracked. */
function tracked(runs: readonly boolean[]): number[] {
  return runs.flatMap((isPlain, at) => (isPlain ? [] : [at + 1]));
}

test("a function that takes documents whole is left alone, and tracked again ever more seldom", () => {
  const habits = new ReadHabits();
  expect(tracked(play(habits, 128, 10, 9))).toEqual([1, 2, 4, 8, 16, 32, 64, 96, 128]);
  expect(habits.takesWhole(2)).toBe(false);
});

test("whoever takes them whole once is tracked the next time", () => {
  const habits = new ReadHabits();
  play(habits, 1, 10, 10);
  expect(tracked(play(habits, 8, 10, 0))).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test("a habit ends with the first tracked run without it, however few documents it was given", () => {
  const habits = new ReadHabits();
  play(habits, 4, 10, 10);
  expect(tracked(play(habits, 8, 1, 0))).toEqual([4, 5, 6, 7, 8]);
});

test("few documents make no habit, and none at all say nothing", () => {
  const habits = new ReadHabits();
  expect(tracked(play(habits, 8, 3, 3))).toHaveLength(8);
  play(habits, 2, 10, 10);
  habits.learn(1, { given: 0, takenWhole: 0, takenApart: 0 }, true);
  expect(habits.takesWhole(1)).toBe(true);
});

test("whoever takes documents apart is given copies, until it returns them as they are", () => {
  const habits = new ReadHabits();
  const taken = (takenApart: number) => ({ given: 10, takenWhole: 10, takenApart });
  expect(habits.takesApart(1)).toBe(false);
  habits.learn(1, taken(9), true);
  expect(habits.takesApart(1)).toBe(true);
  habits.learn(1, taken(2), true);
  expect(habits.takesApart(1)).toBe(false);
  habits.learn(1, { ...taken(8), takenWhole: 0 }, false);
  expect([habits.takesApart(1), habits.takesWhole(1)]).toEqual([true, true]);
  expect(habits.takesApart(2)).toBe(false);
});
