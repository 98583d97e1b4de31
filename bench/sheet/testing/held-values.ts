/**
 * What a socket's frames have brought a client to, put together as a client with deltas does.
 *
 * @module
 */
import { applyDelta, type JsonValue } from "@narrowcast/values";

type Modification =
  | { readonly type: "QueryUpdated"; readonly queryId: number; readonly value: JsonValue }
  | { readonly type: "QueryDelta"; readonly queryId: number; readonly delta: JsonValue }
  | { readonly type: "QueryFailed" | "QueryRemoved"; readonly queryId: number };

/** See the module comment. */
export class HeldValues {
  /** The newest value of each query, by its id. */
  readonly values = new Map<number, JsonValue>();
  /** Modifications so far that were deltas. */
  deltas = 0;

  /** Takes one frame. */
  readonly receive = (frame: string): void => {
    const message = JSON.parse(frame) as { readonly type: string; readonly modifications?: readonly Modification[] };
    if (message.type !== "Transition") return;
    for (const change of message.modifications ?? []) this.#apply(change);
  };

  #apply(change: Modification): void {
    const { queryId } = change;
    if (change.type === "QueryUpdated") this.values.set(queryId, change.value);
    else if (change.type === "QueryDelta") {
      this.deltas += 1;
      this.values.set(queryId, applyDelta(this.values.get(queryId)!, change.delta));
    } else this.values.delete(queryId);
  }
}
