import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BadMessageError, parseClientMessage } from "./wire-parse.ts";

const sessionId = "6f4c1f1e-0000-4000-8000-0123456789ab";

const CONNECT = {
  type: "Connect",
  sessionId,
  connectionCount: 2,
  lastCloseReason: "InternalServerError",
  maxObservedTimestamp: "6AMAAAAAAAA=",
  clientTs: 1_700_000_000_000,
};
const ADD = { type: "Add", queryId: 3, udfPath: "m:list", args: [{ a: 1 }], journal: "j", componentPath: "c" };
const MODIFY = {
  type: "ModifyQuerySet",
  baseVersion: 0,
  newVersion: 1,
  modifications: [ADD, { type: "Remove", queryId: 1 }],
};
const ADMIN = { type: "Authenticate", tokenType: "Admin", baseVersion: 1, value: "k", impersonating: { subject: "s" } };
const USER = { type: "Authenticate", tokenType: "User", baseVersion: 0, value: "jwt" };
const MUTATION = { type: "Mutation", requestId: 0, udfPath: "m:send", args: [{}], componentPath: null };
const ACTION = { ...MUTATION, type: "Action" };
const EVENT = { type: "Event", eventType: "ClientConnect", event: [{ name: "x" }] };

const parse = (message: unknown): unknown => parseClientMessage(JSON.stringify(message));

test.each([MODIFY, ADMIN, USER, MUTATION, ACTION, EVENT])("reads $type", (message) => {
  expect(parse(message)).toEqual(message);
});

test("reads Connect, its timestamp in microseconds", () => {
  expect(parse(CONNECT)).toEqual({ ...CONNECT, maxObservedTimestamp: 1 });
});

test.each([
  sessionId,
  sessionId.toUpperCase(),
  sessionId.replaceAll("-", ""),
  `{${sessionId}}`,
  `{${sessionId.replaceAll("-", "").toUpperCase()}}`,
  `urn:uuid:${sessionId}`,
  `URN:UUID:${sessionId.toUpperCase()}`,
])("the session id %s is one and the same", (given) => {
  expect(parse({ ...CONNECT, sessionId: given })).toHaveProperty("sessionId", sessionId);
});

test.each([
  { wire: "/////////38=", ts: Number.MAX_SAFE_INTEGER, name: "the largest i64" },
  { wire: "6AMAAAAAAAA=", ts: 1, name: "a microsecond" },
])("reads $name as a timestamp", ({ wire, ts }) => {
  expect(parse({ ...CONNECT, maxObservedTimestamp: wire })).toHaveProperty("maxObservedTimestamp", ts);
});

test("fills in what may be left out", () => {
  expect(parse({ type: "Connect", sessionId, connectionCount: 0 })).toEqual({
    type: "Connect",
    sessionId,
    connectionCount: 0,
    lastCloseReason: null,
    maxObservedTimestamp: null,
    clientTs: null,
  });
  expect(parse({ type: "Mutation", requestId: 1, udfPath: "f", args: [] })).toHaveProperty("componentPath", null);
  const { journal: _, componentPath: __, ...add } = ADD;
  expect(parse({ ...MODIFY, modifications: [add] })).toHaveProperty("modifications", [
    { ...ADD, journal: null, componentPath: null },
  ]);
});

test("reads what it need not know", () => {
  expect(parse({ ...USER, newField: 1 })).toEqual(USER);
  expect(parse({ type: "Authenticate", tokenType: "None", baseVersion: 4 })).toEqual({
    type: "Authenticate",
    tokenType: "None",
    baseVersion: 4,
  });
  expect(parse({ ...ADMIN, impersonating: undefined, actingAs: { subject: "t" } })).toHaveProperty("impersonating", {
    subject: "t",
  });
});

test.each([{}, { eventType: 5 }, { event: null }])("Event never fails: %j", (fields) => {
  expect(parse({ type: "Event", ...fields })).toMatchObject({ type: "Event" });
});

test.each([
  { text: "", message: "Cannot read message: " },
  { text: "nope", message: "Cannot read message: " },
  { text: "null", message: "Cannot read message: it is null; should be an object" },
  { text: "[]", message: "Cannot read message: it is an array; should be an object" },
  { text: "{}", message: "Cannot read message: type is missing; should be a known one" },
  { text: '{"type":"Nope"}', message: 'Cannot read message: type is "Nope"; should be a known one' },
  { text: '{"type":"__proto__"}', message: "should be a known one" },
])("refuses the frame $text", ({ text, message }) => {
  expect(() => parseClientMessage(text)).toThrow(BadMessageError);
  expect(() => parseClientMessage(text)).toThrow(message);
});

/** Each field with values it must not have. */
test.each([
  {
    base: CONNECT,
    field: "sessionId",
    wrong: [undefined, null, 1, "x", `${sessionId}0`, `{${sessionId}`, sessionId.replace("-", ""), `urn:${sessionId}`],
  },
  { base: CONNECT, field: "connectionCount", wrong: [undefined, null, -1, 1.5, "1", 2 ** 32] },
  { base: CONNECT, field: "lastCloseReason", wrong: [1, {}] },
  { base: CONNECT, field: "maxObservedTimestamp", wrong: [1, "x", "AAAA", "AAAAAAAAAIA=", "//////////8="] },
  { base: CONNECT, field: "clientTs", wrong: ["1", {}] },
  { base: USER, field: "baseVersion", wrong: [undefined, -1, "0"] },
  { base: USER, field: "tokenType", wrong: [undefined, "Other", 1] },
  { base: USER, field: "value", wrong: [undefined, null, 1] },
  { base: ADMIN, field: "value", wrong: [undefined, 1] },
  { base: ADMIN, field: "impersonating", wrong: ["s", [], 1] },
  { base: MODIFY, field: "baseVersion", wrong: [undefined, null, -1] },
  { base: MODIFY, field: "newVersion", wrong: [undefined, 0.5] },
  {
    base: MODIFY,
    field: "modifications",
    wrong: [undefined, {}, [1], [null], [{}], [{ type: "Add" }], [{ type: "Remove" }]],
  },
  { base: MUTATION, field: "requestId", wrong: [undefined, -1, 2 ** 32, "0"] },
  { base: MUTATION, field: "udfPath", wrong: [undefined, null, 1] },
  { base: MUTATION, field: "args", wrong: [undefined, null, {}, "[]"] },
  { base: ACTION, field: "componentPath", wrong: [1, {}] },
])("refuses $base.type with a wrong $field and names it", ({ base, field, wrong }) => {
  for (const value of wrong) {
    expect(() => parse({ ...base, [field]: value })).toThrow(BadMessageError);
    expect(() => parse({ ...base, [field]: value })).toThrow(`${base.type}.${field}`);
  }
});

test.each([
  { field: "queryId", wrong: [undefined, -1, "1"] },
  { field: "udfPath", wrong: [undefined, 1] },
  { field: "args", wrong: [undefined, {}] },
  { field: "journal", wrong: [1, {}] },
  { field: "componentPath", wrong: [1] },
  { field: "type", wrong: [undefined, "Change"] },
])("refuses a query with a wrong $field and names it", ({ field, wrong }) => {
  for (const value of wrong) {
    expect(() => parse({ ...MODIFY, modifications: [ADD, { ...ADD, [field]: value }] })).toThrow(
      `ModifyQuerySet.modifications[1].${field}`,
    );
  }
});

function expectMessageOrBadMessageError(text: string): void {
  try {
    expect(parseClientMessage(text)).toHaveProperty("type");
  } catch (error) {
    expect(error).toBeInstanceOf(BadMessageError);
  }
}

test("throws nothing but BadMessageError, whatever the text", () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), expectMessageOrBadMessageError), { numRuns: 1_000 });
});

test("throws nothing but BadMessageError, whatever a field is", () => {
  const messages = fc.constantFrom<{ [field: string]: unknown }>(CONNECT, MODIFY, ADMIN, USER, MUTATION, ACTION, EVENT);
  const changed = messages.chain((message) =>
    fc.record({
      message: fc.constant(message),
      field: fc.constantFrom(...Object.keys(message)),
      value: fc.jsonValue(),
    }),
  );
  fc.assert(
    fc.property(changed, ({ message, field, value }) => {
      expectMessageOrBadMessageError(JSON.stringify({ ...message, [field]: value }));
    }),
    { numRuns: 1_000 },
  );
});

test("a message with too much in it is refused before it is parsed", () => {
  const bounds = { jsonNestingMax: 4, jsonElementsMax: 20, jsonNamesMax: 6 };
  const text = JSON.stringify({ ...MUTATION, args: [{ a: [[]] }] });
  expect(() => parseClientMessage(text, bounds)).toThrow("Cannot read message: it is nested more than 4 levels deep");
  // No JSON: the bound is found first.
  expect(() => parseClientMessage(`{"a":[${"1,".repeat(30)}`, bounds)).toThrow("more than 20 elements");
});

test("a very deep message is read or refused", () => {
  expectMessageOrBadMessageError(`{"type":"Event","event":${"[".repeat(200_000)}${"]".repeat(200_000)}}`);
  expectMessageOrBadMessageError("[".repeat(1_000_000));
});
