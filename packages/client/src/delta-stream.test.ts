import type { JsonValue } from "@narrowcast/values";
import { expect, test } from "vitest";
import { DeltaStream } from "./delta-stream.ts";
import { SocketCounter } from "./socket-stats.ts";

const ON = '{"type":"DeltasOn","version":1}';

function transition(...modifications: object[]): string {
  return JSON.stringify({ type: "Transition", startVersion: {}, endVersion: {}, modifications });
}

function updated(value: JsonValue, more: object = {}): object {
  return { type: "QueryUpdated", queryId: 1, value, logLines: [], journal: null, ...more };
}

function open(former = new Map<number, JsonValue>()) {
  const total = new SocketCounter();
  return { stream: new DeltaStream(former, new SocketCounter(total)), total, former };
}

test("frames of a server that says nothing of deltas are not looked into", () => {
  const { stream, total } = open();
  for (const text of ["{", '{"type":"Ping"}', ON, transition({ type: "QueryDelta", queryId: 1, delta: 0 }), "é"]) {
    expect(stream.receive(text)).toEqual({ text });
  }
  expect(total.plainBytes).toBe(total.bytes);
  expect(total).toMatchObject({ frames: 5, deltas: 0, values: 0 });
});

test("a difference becomes the frame that a plain client is sent, byte for byte", () => {
  const { stream, total } = open();
  expect(stream.receive(ON)).toBeUndefined();
  expect(stream.receive('{"type":"Ping"}')?.text).toBe('{"type":"Ping"}');
  const first = transition(updated([1, { _id: "a", é: 1 }], { journal: "j" }));
  expect(stream.receive(first)?.text).toBe(first);
  const lean = transition({ type: "QueryDelta", queryId: 1, delta: { l: [1, { f: ["é", [2]] }] } });
  const plain = transition(updated([1, { _id: "a", é: 2 }], { journal: "j" }));
  expect(stream.receive(lean)?.text).toBe(plain);
  const logged = transition({ type: "QueryDelta", queryId: 1, delta: 0, logLines: ["x"], journal: null });
  expect(stream.receive(logged)?.text).toBe(transition(updated([1, { _id: "a", é: 2 }], { logLines: ["x"] })));
  expect(total).toMatchObject({ frames: 5, deltas: 2, values: 1 });
  expect(total.plainBytes).toBeGreaterThan(total.bytes);
});

test("parts become a sign of life each and the transition at the end", () => {
  const { stream } = open();
  stream.receive(ON);
  const text = transition(updated(["\u{1F600}"]));
  const parts = [text.slice(0, 10), text.slice(10, 30), text.slice(30)];
  const frames = parts.map((chunk, partNumber) =>
    stream.receive(JSON.stringify({ type: "TransitionChunk", chunk, partNumber, totalParts: 3, transitionId: "1" })),
  );
  expect(frames.map((frame) => frame?.text)).toEqual(['{"type":"Ping"}', '{"type":"Ping"}', text]);
});

test.each([
  {
    name: "a difference for a query without value",
    frames: [transition({ type: "QueryDelta", queryId: 2, delta: 0 })],
  },
  {
    name: "a difference that does not fit",
    frames: [transition({ type: "QueryDelta", queryId: 1, delta: { t: [9, 0, ""] } })],
  },
  {
    name: "a difference after a failure",
    frames: [transition({ type: "QueryFailed", queryId: 1 }, { type: "QueryDelta", queryId: 1, delta: 0 })],
  },
  {
    name: "a difference after a removal",
    frames: [
      transition({ type: "QueryRemoved", queryId: 1 }),
      transition({ type: "QueryDelta", queryId: 1, delta: 0 }),
    ],
  },
  {
    name: "a part that is missing",
    frames: ['{"type":"TransitionChunk","chunk":"","partNumber":1,"totalParts":2,"transitionId":"1"}'],
  },
  { name: "no JSON", frames: ["{"] },
])("$name is refused", ({ frames }) => {
  const { stream } = open();
  stream.receive(ON);
  stream.receive(transition(updated("x")));
  expect(() => frames.map((text) => stream.receive(text))).toThrow();
});

test("a whole value shares with the one before, also of the connection before", () => {
  const { stream, former } = open();
  const valueOf = (from: DeltaStream, text: string): JsonValue[] => {
    const change = from.receive(text)?.message?.modifications[0];
    return change?.type === "QueryUpdated" ? (change.value as JsonValue[]) : [];
  };
  const pad = "p".repeat(99);
  stream.receive(ON);
  const first = valueOf(
    stream,
    transition(
      updated([
        { _id: "a", pad },
        { _id: "b", pad },
      ]),
    ),
  );
  const second = valueOf(stream, transition(updated([{ _id: "b", pad }])));
  expect(second[0]).toBe(first[1]);
  const later = open(former).stream;
  later.receive(ON);
  former.set(7, "of a query that was given up meanwhile");
  expect(valueOf(later, transition(updated([{ _id: "c" }, { _id: "b", pad }])))[1]).toBe(first[1]);
  expect([...former.keys()]).toEqual([1, 7]);
  later.receive(transition().replace('"endVersion":{}', '"endVersion":{"querySet":1}'));
  expect([...former.keys()]).toEqual([1]);
});
