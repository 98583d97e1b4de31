/**
 * Reading client messages: every field is checked once here, then trusted.
 *
 * Unknown extra fields are ignored, since newer clients may send them. A client that breaks a rule gets the error's text.
 *
 * @module
 */
import { excessOf, type JsonBounds } from "./json-bounds.ts";
import { CONVEX_LIMITS } from "./limits.ts";
import { tsFromWire } from "./timestamp.ts";
import type { Ts } from "./timestamp.ts";
import type { JsonValue } from "./value.ts";
import type {
  AddQuery,
  AuthenticateMessage,
  CallMessage,
  ClientMessage,
  ConnectMessage,
  EventMessage,
  ModifyQuerySetMessage,
  RemoveQuery,
} from "./wire.ts";

/** A frame that is not a client message. */
export class BadMessageError extends Error {
  override readonly name = "BadMessageError";
}

type Fields = { readonly [field: string]: unknown };

const UINT32_MAX = 0xffffffff;
/** With and without hyphens; what is around it in other forms is taken off first. */
const UUID = /^([0-9a-f]{8})(-?)([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{4})\2([0-9a-f]{12})$/;
const AROUND_UUID = /^(?:urn:uuid:(.*)|\{(.*)\})$/;

/**
 * Reads one frame.
 *
 * @param bounds What the text is held to before it is parsed.
 * @throws {BadMessageError} And nothing else, whatever the text.
 */
export function parseClientMessage(text: string, bounds: JsonBounds = CONVEX_LIMITS): ClientMessage {
  const excess = excessOf(text, bounds);
  if (excess !== undefined) throw new BadMessageError(`Cannot read message: ${excess}`);
  const message = object(parseJson(text), "message");
  switch (message["type"]) {
    case "Connect":
      return parseConnect(message);
    case "Authenticate":
      return parseAuthenticate(message);
    case "ModifyQuerySet":
      return parseModifyQuerySet(message);
    case "Mutation":
    case "Action":
      return parseCall(message, message["type"]);
    case "Event":
      return parseEvent(message);
    default:
      throw new BadMessageError(`Cannot read message: type is ${show(message["type"])}; should be a known one`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadMessageError(`Cannot read message: ${(error as Error).message}`, { cause: error });
  }
}

function parseConnect(message: Fields): ConnectMessage {
  return {
    type: "Connect",
    sessionId: uuid(message, "sessionId", "Connect"),
    connectionCount: uint32(message, "connectionCount", "Connect"),
    lastCloseReason: stringOrNull(message, "lastCloseReason", "Connect"),
    maxObservedTimestamp: timestampOrNull(message, "maxObservedTimestamp", "Connect"),
    clientTs: numberOrNull(message, "clientTs", "Connect"),
  };
}

function parseAuthenticate(message: Fields): AuthenticateMessage {
  const place = "Authenticate";
  const base = { type: place, baseVersion: uint32(message, "baseVersion", place) } as const;
  const { tokenType } = message;
  switch (tokenType) {
    case "None":
      return { ...base, tokenType };
    case "User":
      return { ...base, tokenType, value: string(message, "value", place) };
    case "Admin": {
      const identity = message["impersonating"] ?? message["actingAs"] ?? null;
      const impersonating = identity === null ? null : (object(identity, `${place}.impersonating`) as Impersonated);
      return { ...base, tokenType, value: string(message, "value", place), impersonating };
    }
    default:
      throw wrong(`${place}.tokenType`, tokenType, '"Admin", "User" or "None"');
  }
}

type Impersonated = { readonly [attribute: string]: JsonValue };

function parseModifyQuerySet(message: Fields): ModifyQuerySetMessage {
  const place = "ModifyQuerySet";
  return {
    type: place,
    baseVersion: uint32(message, "baseVersion", place),
    newVersion: uint32(message, "newVersion", place),
    modifications: array(message, "modifications", place).map((item, at) =>
      parseModification(item, `${place}.modifications[${at}]`),
    ),
  };
}

function parseModification(json: unknown, place: string): AddQuery | RemoveQuery {
  const modification = object(json, place);
  const queryId = uint32(modification, "queryId", place);
  switch (modification["type"]) {
    case "Remove":
      return { type: "Remove", queryId };
    case "Add":
      return {
        type: "Add",
        queryId,
        udfPath: string(modification, "udfPath", place),
        args: array(modification, "args", place) as JsonValue[],
        journal: stringOrNull(modification, "journal", place),
        componentPath: stringOrNull(modification, "componentPath", place),
      };
    default:
      throw wrong(`${place}.type`, modification["type"], '"Add" or "Remove"');
  }
}

function parseCall(message: Fields, type: "Mutation" | "Action"): CallMessage {
  return {
    type,
    requestId: uint32(message, "requestId", type),
    udfPath: string(message, "udfPath", type),
    args: array(message, "args", type) as JsonValue[],
    componentPath: stringOrNull(message, "componentPath", type),
  };
}

/** Telemetry must not fail a connection, whatever it looks like. */
function parseEvent(message: Fields): EventMessage {
  const { eventType, event } = message;
  return {
    type: "Event",
    eventType: typeof eventType === "string" ? eventType : "",
    event: (event ?? null) as JsonValue,
  };
}

function object(json: unknown, place: string): Fields {
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw wrong(place, json, "an object");
  return json as Fields;
}

function array(fields: Fields, name: string, place: string): unknown[] {
  const value = fields[name];
  if (!Array.isArray(value)) throw wrong(`${place}.${name}`, value, "an array");
  return value;
}

function string(fields: Fields, name: string, place: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw wrong(`${place}.${name}`, value, "a string");
  return value;
}

function stringOrNull(fields: Fields, name: string, place: string): string | null {
  return (fields[name] ?? null) === null ? null : string(fields, name, place);
}

function uint32(fields: Fields, name: string, place: string): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > UINT32_MAX) {
    throw wrong(`${place}.${name}`, value, `an integer from 0 to ${UINT32_MAX}`);
  }
  return value;
}

function numberOrNull(fields: Fields, name: string, place: string): number | null {
  const value = fields[name] ?? null;
  if (value !== null && typeof value !== "number") throw wrong(`${place}.${name}`, value, "a number");
  return value;
}

/** A UUID in any form that RFC 9562 and its readers know, in the one that is kept: it is part of a key. */
function uuid(fields: Fields, name: string, place: string): string {
  const text = string(fields, name, place);
  const lower = text.toLowerCase();
  const [, urn, braced] = AROUND_UUID.exec(lower) ?? [];
  const parts = UUID.exec(urn ?? braced ?? lower);
  if (parts === null) throw wrong(`${place}.${name}`, text, "a UUID");
  return [parts[1], parts[3], parts[4], parts[5], parts[6]].join("-");
}

function timestampOrNull(fields: Fields, name: string, place: string): Ts | null {
  const text = stringOrNull(fields, name, place);
  if (text === null) return null;
  try {
    return tsFromWire(text);
  } catch {
    throw wrong(`${place}.${name}`, text, "base64 of 8 bytes, at most 2^63 - 1");
  }
}

function wrong(place: string, value: unknown, should: string): BadMessageError {
  return new BadMessageError(`Cannot read ${place}: it is ${show(value)}; should be ${should}`);
}

/** A short form of what came, for a message. */
function show(value: unknown): string {
  if (value === undefined) return "missing";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object" && value !== null) return "an object";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
