/**
 * Queries in the past, over the engine of a disk and over virtual time.
 */
import { expect, test } from "vitest";
import { ROOT_COMPONENT } from "@narrowcast/values";
import { NOBODY, NOTES_APP, World } from "../testing/core-world.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import { RETENTION_MS } from "./past.ts";

function at(world: World, atTs: number, path = "notes:texts"): Promise<CallOutcome> {
  const call = { component: ROOT_COMPONENT, path, args: "{}", identity: NOBODY, allowInternal: true } as const;
  return world.request<"query">({ type: "query", call: { ...call, requestId: "0", caller: "HttpApi" }, atTs });
}

function pin(world: World): Promise<number> {
  return world.request<"head">({ type: "head", isPinned: true });
}

test("each pinned ts is answered with its own state, and the store is the same before and after a crash", async () => {
  const world = await World.open(NOTES_APP);
  await world.mutation("notes:add", { text: "z" });
  const seen: number[] = [];
  for (const text of ["a", "b", "c", "d"]) {
    seen.push(await pin(world));
    await world.mutation("notes:add", { text });
  }
  const values = [...seen.toReversed(), ...seen].map((ts) => at(world, ts));
  expect((await Promise.all(values)).map((outcome) => outcome.ok && outcome.value)).toEqual([
    '["z","a","b","c"]',
    '["z","a","b"]',
    '["z","a"]',
    '["z"]',
    '["z"]',
    '["z","a"]',
    '["z","a","b"]',
    '["z","a","b","c"]',
  ]);
  await world.mutation("notes:add", { text: "e" });
  expect(await world.value("notes:texts")).toEqual(["z", "a", "b", "c", "d", "e"]);
  await world.idle();
  await world.restart();
  expect(await world.value("notes:texts")).toEqual(["z", "a", "b", "c", "d", "e"]);
});

test("the past is kept for a while after somebody asked, and not before", async () => {
  const world = await World.open(NOTES_APP);
  const before = world.core.head;
  await world.mutation("notes:add", { text: "a" });
  expect(await at(world, before)).toMatchObject({ ok: false, code: "OutOfRetention" });
  const ts = await pin(world);
  await world.mutation("notes:add", { text: "b" });
  await world.advance(RETENTION_MS);
  expect(await at(world, ts)).toMatchObject({ ok: true, value: '["a"]' });
  // Asked for again, but what this one would need is older.
  await pin(world);
  await world.advance(1);
  await world.mutation("notes:add", { text: "c" });
  expect(await at(world, ts)).toMatchObject({ ok: false, code: "OutOfRetention" });
});
