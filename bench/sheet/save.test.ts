/**
 * What is written down of a sheet: the picture and the day.
 */
import { expect, test } from "vitest";
import { dayMarkdown } from "./day.ts";
import type { SheetRow } from "./measure.ts";
import { plot } from "./plot.ts";
import type { Form } from "./size.ts";
import type { AnySystem } from "./system.ts";
import type { Rules } from "./world.ts";

const scenario = (name: string, perDay?: number) => ({
  name,
  about: name,
  ...(perDay === undefined ? {} : { perDay }),
  plays: () => 1,
  open: async () => async () => undefined,
});
const system: AnySystem = {
  name: "shop",
  convexDir: "",
  states: ["small", "large"],
  forms: ["before", "after"],
  seededMs: 0,
  seed: async () => undefined,
  facts: async () => undefined,
  scenarios: [scenario("list", 10), scenario("page", 2), scenario("once")],
  excuses: [],
};

function rowsOf(name: string, state: string, documents: number): SheetRow[] {
  const combinations: [Form, Rules, number][] = [
    ["before", "convex", documents],
    ["after", "convex", documents / 10],
    ["before", "narrow", 0],
  ];
  return combinations.map(([form, rules, read]) => ({
    system: "shop",
    state,
    scenario: name,
    form,
    rules,
    documents: read,
    bytes: read * 1e6,
    runs: 1,
    bytesSent: 100,
    calls: 1,
    mutations: { calls: 0, documents: 0, bytes: 0 },
    cpuMs: 1,
    warmup: { documents: 0, bytes: 0, cpuMs: 0 },
    plays: 1,
    queries: {},
  }));
}

const rows = [...rowsOf("list", "small", 100), ...rowsOf("page", "small", 50), ...rowsOf("once", "small", 7)];

test("a day is the sum of the scenarios that have a rate, on the first state", () => {
  const text = dayMarkdown([system], [...rows, ...rowsOf("list", "large", 1_000_000)]);
  expect(text).toContain("| shop | documents read | 1100 | 110 | 0 |");
  expect(text).toContain("|  | bytes read | 1.1 GB | 110 MB | 0 B |");
  expect(text).toContain("|  | function calls | 12 | 12 | 12 |");
  // 1.1 GB at 0.15 and 0.22 dollars, thirty times.
  expect(text).toContain("$4.95 – $7.26");
});

test("a system without rates has no day", () => {
  const idle = { ...system, scenarios: [scenario("once")] };
  expect(dayMarkdown([idle], rowsOf("once", "small", 5)).split("\n")).toHaveLength(4);
});

test("the picture names every scenario of the first state and the three sides", async () => {
  const svg = await plot([system], [...rows, ...rowsOf("only large", "large", 5)]);
  for (const text of ["shop: list", "shop: page", "shop: once", "as first written, Narrowcast", "bytes sent"]) {
    expect(svg).toContain(text);
  }
  expect(svg).not.toContain("only large");
  expect(svg.match(/<path[^>]+fill="#187378"/gu)?.length).toBeGreaterThanOrEqual(3);
});
