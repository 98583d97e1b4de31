import { CONVEX_LIMITS, tsToWire } from "@narrowcast/values";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { RunResult } from "../protocol/live-types.ts";
import type { CallOutcome } from "../protocol/deployment-types.ts";
import {
  PING_FRAME,
  actionResponseFrame,
  authErrorFrame,
  chunkFrames,
  fatalErrorFrame,
  mutationResponseFrame,
  transitionFrame,
  type TransitionParts,
} from "./frames.ts";

const TS = 1_700_000_000_000_001;
const WIRE = "6AMqNv6clxc=";
const start = { querySet: 0, identity: 0, ts: 0 };
const end = { querySet: 1, identity: 2, ts: TS };

const good: RunResult = { ok: true, value: '{"a":[1,"x"]}', logLines: ["[LOG] 'hi'"], journal: 'j"1' };
const failed: RunResult = { ok: false, errorMessage: "no\nway", errorData: null, logLines: [], journal: null };
const refused: RunResult = { ok: false, errorMessage: "no", errorData: '{"n":1}', logLines: [], journal: null };

function transition(more: Partial<TransitionParts>): string {
  return transitionFrame({ start, end, changes: new Map(), clockSkewMs: undefined, serverTs: 1, ...more });
}

const VERSIONS = `"startVersion":{"querySet":0,"identity":0,"ts":"AAAAAAAAAAA="},"endVersion":{"querySet":1,"identity":2,"ts":"${WIRE}"}`;

const success: CallOutcome = { ok: true, value: '["v"]', ts: TS, logLines: ["[LOG] 1"] };
const failure: CallOutcome = { ok: false, errorMessage: 'bad "x"', errorData: null, logLines: [] };
const refusal: CallOutcome = { ok: false, errorMessage: "bad", errorData: '{"$integer":"AQAAAAAAAAA="}', logLines: [] };

test("the sizes that a transition reports add up to its bytes, also beyond ASCII", () => {
  const wide: RunResult = { ok: true, value: '"grüße 😀"', logLines: ["[LOG] 'ß'"], journal: null };
  const changes = new Map<number, RunResult>([
    [3, good],
    [12, failed],
    [345, refused],
    [4, wide],
  ]);
  const sizes: [number | null, number, number][] = [];
  const frame = transition({ changes, onSize: (...size) => void sizes.push(size) });
  expect(sizes.map(([queryId]) => queryId)).toEqual([3, 12, 345, 4, null]);
  expect(sizes.reduce((sum, [, bytes]) => sum + bytes, 0)).toBe(Buffer.byteLength(frame));
  for (const [, bytes, wholeBytes] of sizes) expect(bytes).toBe(wholeBytes);
});

// What is on the wire, byte for byte. A change here is a change of the protocol.
test.each([
  { name: "an empty transition", frame: transition({}), text: `{"type":"Transition",${VERSIONS},"modifications":[]}` },
  {
    name: "a transition with the clock's skew",
    frame: transition({ clockSkewMs: -12.5, serverTs: 1_700_000_000_000_000_000 }),
    text: `{"type":"Transition",${VERSIONS},"modifications":[],"clientClockSkew":-12.5,"serverTs":1700000000000000000}`,
  },
  {
    name: "an updated query",
    frame: transition({ changes: new Map([[3, good]]) }),
    text: `{"type":"Transition",${VERSIONS},"modifications":[{"type":"QueryUpdated","queryId":3,"value":{"a":[1,"x"]},"logLines":["[LOG] 'hi'"],"journal":"j\\"1"}]}`,
  },
  {
    name: "failed queries and a removed one",
    frame: transition({
      changes: new Map([
        [1, failed],
        [2, refused],
        [9, undefined],
      ]),
    }),
    text: `{"type":"Transition",${VERSIONS},"modifications":[{"type":"QueryFailed","queryId":1,"errorMessage":"no\\nway","logLines":[],"journal":null},{"type":"QueryFailed","queryId":2,"errorMessage":"no","errorData":{"n":1},"logLines":[],"journal":null},{"type":"QueryRemoved","queryId":9}]}`,
  },
  {
    name: "a mutation that succeeded",
    frame: mutationResponseFrame(7, success),
    text: `{"type":"MutationResponse","requestId":7,"success":true,"result":["v"],"ts":"${WIRE}","logLines":["[LOG] 1"]}`,
  },
  {
    name: "a mutation that failed",
    frame: mutationResponseFrame(7, failure),
    text: `{"type":"MutationResponse","requestId":7,"success":false,"result":"bad \\"x\\"","logLines":[],"ts":null}`,
  },
  {
    name: "a mutation that failed with data",
    frame: mutationResponseFrame(7, refusal),
    text: `{"type":"MutationResponse","requestId":7,"success":false,"result":"bad","errorData":{"$integer":"AQAAAAAAAAA="},"logLines":[],"ts":null}`,
  },
  {
    name: "an action that succeeded",
    frame: actionResponseFrame(8, success),
    text: `{"type":"ActionResponse","requestId":8,"success":true,"result":["v"],"logLines":["[LOG] 1"]}`,
  },
  {
    name: "an action that failed",
    frame: actionResponseFrame(8, refusal),
    text: `{"type":"ActionResponse","requestId":8,"success":false,"result":"bad","errorData":{"$integer":"AQAAAAAAAAA="},"logLines":[]}`,
  },
  {
    name: "an identity that was not accepted",
    frame: authErrorFrame("who?", 4, true),
    text: `{"type":"AuthError","error":"who?","baseVersion":4,"authUpdateAttempted":true}`,
  },
  { name: "the end", frame: fatalErrorFrame("over"), text: `{"type":"FatalError","error":"over"}` },
  { name: "a ping", frame: PING_FRAME, text: `{"type":"Ping"}` },
])("writes $name exactly", ({ frame, text }) => {
  expect(tsToWire(TS)).toBe(WIRE);
  expect(frame).toBe(text);
});

test("a transition that fits stays one frame", () => {
  expect(chunkFrames("x".repeat(10), "1", 10)).toEqual(["x".repeat(10)]);
  expect(
    chunkFrames("x".repeat(CONVEX_LIMITS.transitionChunkBytes), "1", CONVEX_LIMITS.transitionChunkBytes),
  ).toHaveLength(1);
});

test("a longer one is cut into numbered parts", () => {
  expect(chunkFrames('{"a":"bc"}', "t1", 4)).toEqual([
    '{"type":"TransitionChunk","chunk":"{\\"a\\"","partNumber":0,"totalParts":3,"transitionId":"t1"}',
    '{"type":"TransitionChunk","chunk":":\\"bc","partNumber":1,"totalParts":3,"transitionId":"t1"}',
    '{"type":"TransitionChunk","chunk":"\\"}","partNumber":2,"totalParts":3,"transitionId":"t1"}',
  ]);
});

test("parts join to the text, are short enough, and split no character", () => {
  const text = fc.string({ unit: "binary", maxLength: 60 });
  fc.assert(
    fc.property(text, fc.integer({ min: 6, max: 50 }), (frame, bytesMax) => {
      const frames = chunkFrames(frame, "t", bytesMax);
      if (Buffer.byteLength(frame) <= bytesMax) {
        expect(frames).toEqual([frame]);
        return;
      }
      const parts = frames.map((part) => JSON.parse(part) as { chunk: string; partNumber: number; totalParts: number });
      expect(parts.map(({ chunk }) => chunk).join("")).toBe(frame);
      expect(parts.map(({ partNumber }) => partNumber)).toEqual(parts.map((_, index) => index));
      for (const { chunk, totalParts } of parts) {
        expect(totalParts).toBe(parts.length);
        expect(Buffer.byteLength(chunk)).toBeLessThanOrEqual(bytesMax);
        // Half a character would not survive UTF-8.
        expect(Buffer.from(chunk).toString()).toBe(chunk);
      }
    }),
  );
});
