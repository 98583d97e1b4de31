/**
 * What main tells the core without asking for an answer.
 *
 * @module
 */
import type { Reactor } from "../reactive/reactor.ts";
import type { CoreSignal } from "../protocol/core-protocol.ts";
import { unknownKind } from "../protocol/unknown-kind.ts";
import type { LogOutbox } from "../protocol/log-buffers.ts";
import type { CoreMeter } from "./core-meter.ts";
import type { MainAsks } from "./main-asks.ts";
import type { Tracing } from "./trace-writer.ts";

/** Who is told. */
export interface SignalParts {
  readonly reactor: Reactor;
  readonly logs: LogOutbox;
  readonly meter: CoreMeter | undefined;
  readonly tracing: Tracing;
  readonly asks: MainAsks;
}

/** See the module comment. */
export function takeSignal({ reactor, logs, meter, tracing, asks }: SignalParts, signal: CoreSignal): void {
  switch (signal.type) {
    case "openSocket":
      return reactor.openSocket(signal.socket);
    case "closeSocket":
      return reactor.closeSocket(signal.socket);
    case "modifyQueries":
      return reactor.modifyQueries(signal.socket, signal.querySet, signal.add, signal.remove);
    case "setIdentity":
      return reactor.setIdentity(signal.socket, signal.version, signal.identity);
    case "touch":
      return reactor.touch(signal.socket, signal.ts);
    case "modules":
    case "nodeAnalysis":
      return asks.answer(signal);
    case "wantLogs":
      return logs.want(signal.untilMs);
    case "sent":
      return meter?.sent(signal.notes);
    case "acted":
      return meter?.acted(signal.note);
    case "filesMoved":
      return meter?.filesMoved(signal.note);
    case "trace":
      return tracing.begin(signal.sockets);
    case "endTrace":
      return tracing.end();
    default:
      return unknownKind("a message", signal);
  }
}
