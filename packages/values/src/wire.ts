/**
 * Messages of the WebSocket sync protocol, one JSON object a frame.
 *
 * Timestamps on the wire are base64 text (`timestamp.ts`); versions and ids are unsigned 32-bit numbers.
 *
 * Not here: reading client messages (`wire-parse.ts`); what they mean (`server/sync`).
 *
 * @module
 */
import type { Ts } from "./timestamp.ts";
import type { JsonValue } from "./value.ts";

/** What a client has: versions of its query set and identity, and the timestamp of the data. */
export interface StateVersion {
  readonly querySet: number;
  readonly identity: number;
  /** As on the wire. */
  readonly ts: string;
}

/** The first message of a connection. */
export interface ConnectMessage {
  readonly type: "Connect";
  readonly sessionId: string;
  readonly connectionCount: number;
  readonly lastCloseReason: string | null;
  /** The newest timestamp the client has seen on any connection. */
  readonly maxObservedTimestamp: Ts | null;
  /** The client's clock in milliseconds. */
  readonly clientTs: number | null;
}

export type AuthenticateMessage = {
  readonly type: "Authenticate";
  readonly baseVersion: number;
} & (
  | { readonly tokenType: "None" }
  | { readonly tokenType: "User"; readonly value: string }
  | {
      readonly tokenType: "Admin";
      readonly value: string;
      readonly impersonating: { readonly [attribute: string]: JsonValue } | null;
    }
);

export interface AddQuery {
  readonly type: "Add";
  readonly queryId: number;
  readonly udfPath: string;
  readonly args: readonly JsonValue[];
  readonly journal: string | null;
  readonly componentPath: string | null;
}

export interface RemoveQuery {
  readonly type: "Remove";
  readonly queryId: number;
}

export interface ModifyQuerySetMessage {
  readonly type: "ModifyQuerySet";
  readonly baseVersion: number;
  readonly newVersion: number;
  readonly modifications: readonly (AddQuery | RemoveQuery)[];
}

/** A call of a mutation or an action. */
export interface CallMessage {
  readonly type: "Mutation" | "Action";
  readonly requestId: number;
  readonly udfPath: string;
  readonly args: readonly JsonValue[];
  readonly componentPath: string | null;
}

/** Telemetry; never fails a connection. */
export interface EventMessage {
  readonly type: "Event";
  readonly eventType: string;
  readonly event: JsonValue;
}

/** Anything a client may send. */
export type ClientMessage = ConnectMessage | AuthenticateMessage | ModifyQuerySetMessage | CallMessage | EventMessage;

export type StateModification =
  | {
      readonly type: "QueryUpdated";
      readonly queryId: number;
      readonly value: JsonValue;
      readonly logLines: readonly string[];
      readonly journal: string | null;
    }
  | {
      readonly type: "QueryFailed";
      readonly queryId: number;
      readonly errorMessage: string;
      /** Only for a `ConvexError`. */
      readonly errorData?: JsonValue;
      readonly logLines: readonly string[];
      readonly journal: string | null;
    }
  | { readonly type: "QueryRemoved"; readonly queryId: number };

export interface TransitionMessage {
  readonly type: "Transition";
  /** Exactly what the client has. */
  readonly startVersion: StateVersion;
  readonly endVersion: StateVersion;
  readonly modifications: readonly StateModification[];
  /** The client's clock less the server's, in milliseconds. */
  readonly clientClockSkew?: number;
  readonly serverTs?: number;
}

/** A piece of a transition's JSON text, cut between characters. */
export interface TransitionChunkMessage {
  readonly type: "TransitionChunk";
  readonly chunk: string;
  /** From 0. */
  readonly partNumber: number;
  readonly totalParts: number;
  readonly transitionId: string;
}

interface CallSuccess {
  readonly requestId: number;
  readonly success: true;
  readonly result: JsonValue;
  readonly logLines: readonly string[];
}

interface CallFailure {
  readonly requestId: number;
  readonly success: false;
  /** The error's message. */
  readonly result: string;
  /** Only for a `ConvexError`. */
  readonly errorData?: JsonValue;
  readonly logLines: readonly string[];
}

export type MutationResponseMessage =
  | ({ readonly type: "MutationResponse"; readonly ts: string } & CallSuccess)
  | ({ readonly type: "MutationResponse"; readonly ts: null } & CallFailure);

export type ActionResponseMessage =
  | ({ readonly type: "ActionResponse" } & CallSuccess)
  | ({ readonly type: "ActionResponse" } & CallFailure);

export interface AuthErrorMessage {
  readonly type: "AuthError";
  readonly error: string;
  /** The server's identity version, unchanged. */
  readonly baseVersion: number;
  /** Whether an `Authenticate` failed, rather than an identity expired. */
  readonly authUpdateAttempted: boolean;
}

/** The client gives up for good. */
export interface FatalErrorMessage {
  readonly type: "FatalError";
  readonly error: string;
}

export interface PingMessage {
  readonly type: "Ping";
}

/** Anything the server may send. */
export type ServerMessage =
  | TransitionMessage
  | TransitionChunkMessage
  | MutationResponseMessage
  | ActionResponseMessage
  | AuthErrorMessage
  | FatalErrorMessage
  | PingMessage;
