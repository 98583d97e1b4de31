/**
 * When a thread is given nothing new, and when it is ended, with the times of a table.
 */
import { CONVEX_LIMITS } from "@narrowcast/values";
import { expect, test } from "vitest";
import { ActionPulse } from "./action-pulse.ts";
import { CorePulse } from "./core-pulse.ts";

const CALM = { silentMs: 0, silentCpuMs: 0, cpuMs: 0 };

test.each([
  { name: "two runs, one computes", load: 2, silentMs: 1_100, silentCpuMs: 900, verdict: "goOn" },
  { name: "two runs, one computes for too long", load: 2, silentMs: 1_100, silentCpuMs: 1_050, verdict: "end" },
  { name: "two runs on a busy machine", load: 2, silentMs: 1_800, silentCpuMs: 450, verdict: "end" },
  { name: "two runs on a starved machine", load: 2, silentMs: 3_000, silentCpuMs: 300, verdict: "goOn" },
  { name: "two runs, one blocks", load: 2, silentMs: 5_100, silentCpuMs: 0, verdict: "end" },
  { name: "one run computes", load: 1, silentMs: 9_900, silentCpuMs: 9_900, verdict: "goOn" },
  { name: "one run computes for too long", load: 1, silentMs: 10_200, silentCpuMs: 10_100, verdict: "end" },
  { name: "one run blocks", load: 1, silentMs: 60_000, silentCpuMs: 0, verdict: "goOn" },
  { name: "one run blocks beyond the time limit", load: 1, silentMs: 600_001, silentCpuMs: 0, verdict: "end" },
  { name: "a loop was left behind", load: 0, silentMs: 1_100, silentCpuMs: 1_050, verdict: "end" },
])("$name: $verdict", ({ load, silentMs, silentCpuMs, verdict }) => {
  const pulse = new ActionPulse(CONVEX_LIMITS);
  expect(pulse.judge({ ...CALM, silentMs, silentCpuMs }, load, 0).do).toBe(verdict);
  expect(pulse.isQuiet).toBe(true);
  pulse.judge(CALM, load, 0);
  expect(pulse.isQuiet).toBe(false);
});

test("a thread that answers and computes with nothing under way is ended; one that did so for a run is not", () => {
  const pulse = new ActionPulse(CONVEX_LIMITS);
  const at = (cpuMs: number, load: number) => pulse.judge({ ...CALM, cpuMs }, load, cpuMs).do;
  expect([at(0, 1), at(5_000, 1), at(5_100, 0), at(6_000, 0), at(6_050, 1)]).toEqual(Array(5).fill("goOn"));
  expect([at(6_100, 0), at(7_050, 0), at(7_150, 0)]).toEqual(["goOn", "goOn", "end"]);
});

test("a thread that computes all the time takes nothing new", () => {
  const pulse = new ActionPulse(CONVEX_LIMITS);
  const verdicts = [0, 5_000, 10_000].map((ms) => pulse.judge({ ...CALM, cpuMs: ms }, 3, ms).do);
  expect(verdicts).toEqual(["goOn", "goOn", "drain"]);
  const calm = new ActionPulse(CONVEX_LIMITS);
  expect([0, 5_000, 10_000].map((ms) => calm.judge({ ...CALM, cpuMs: ms / 2 }, 3, ms).do)).not.toContain("drain");
});

test.each([
  { name: "within a run the watchdog's limits hold", isInside: true, isBusy: true, silentCpuMs: 9_000, isLeft: false },
  { name: "the core's own work", isInside: false, isBusy: true, silentCpuMs: 9_000, isLeft: false },
  { name: "no work has no end", isInside: false, isBusy: true, silentCpuMs: 10_500, isLeft: true },
  { name: "no work, and it computes", isInside: false, isBusy: false, silentCpuMs: 1_300, isLeft: true },
  { name: "no work, a little", isInside: false, isBusy: false, silentCpuMs: 1_100, isLeft: false },
  { name: "a collection", isInside: false, isBusy: false, silentCpuMs: 4_000, heapMb: 1_000, isLeft: false },
  { name: "no collection", isInside: false, isBusy: false, silentCpuMs: 5_300, heapMb: 1_000, isLeft: true },
])("the core is silent: $name", ({ isInside, isBusy, silentCpuMs, heapMb = 0, isLeft }) => {
  const state = { serial: 2, isInside, isBusy, heapMb };
  expect(new CorePulse().judge({ silentMs: silentCpuMs, silentCpuMs, cpuMs: 0 }, state)).toBe(isLeft);
});

test("a core that answers and computes without a run or work is ended; with runs or pauses it is not", () => {
  const looks = (facts: (look: number) => { serial?: number; isBusy?: boolean; ms?: number }): boolean[] => {
    const pulse = new CorePulse();
    let cpuMs = 0;
    return Array.from({ length: 20 }, (_, look) => {
      const { serial = 2, isBusy = false, ms = 100 } = facts(look);
      cpuMs += ms;
      return pulse.judge({ ...CALM, cpuMs }, { serial, isInside: false, isBusy, heapMb: 0 });
    });
  };
  expect(looks(() => ({}))).toContain(true);
  expect(looks((look) => ({ serial: look * 2 }))).not.toContain(true);
  expect(looks((look) => ({ isBusy: look % 5 === 0 }))).not.toContain(true);
  expect(looks((look) => ({ ms: look % 5 === 0 ? 10 : 100 }))).not.toContain(true);
});
