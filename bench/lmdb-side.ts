/**
 * The same documents in a bare LMDB: four trees, one transaction for a group of documents, durable when it returns.
 *
 * @module
 */
import { decodeDocument, encodeDocument, encodeKey, prefixEnd, type Doc } from "@narrowcast/values";
import { open, type RootDatabase } from "lmdb";

const BODY = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor. ".repeat(2);
const [PRIMARY, BY_TIME, BY_CHANNEL, BY_AUTHOR] = ["0", "1", "2", "3"] as const;
/** Documents of one transaction while loading. */
const LOAD_GROUP = 2_000;

/** The same document as `items:load` makes. */
function itemOf(at: number, perChannel: number): Doc {
  const spread = Math.imul(at + 1, 2654435761) >>> 0;
  return {
    _id: `${spread.toString(36).padStart(7, "0")}${at.toString(36).padStart(25, "0")}`,
    _creationTime: 1_700_000_000_000 + at,
    author: `user${at % 1000}`,
    body: BODY,
    channel: Math.floor(at / perChannel),
    isPinned: at % 50 === 0,
    likes: at % 17,
    sentAt: 0,
  };
}

/** See the module comment. */
export class LmdbSide {
  readonly #root: RootDatabase<Uint8Array, string>;
  readonly #perChannel: number;
  #next = 0;

  constructor(directory: string, perChannel: number) {
    const keyEncoder = {
      writeKey: (key: string, target: Buffer, at: number) => at + target.write(key, at, "latin1"),
      readKey: (source: Buffer, start: number, end: number) => source.toString("latin1", start, end),
    };
    this.#perChannel = perChannel;
    this.#root = open<Uint8Array, string>({ path: directory, encoding: "binary", keyEncoder, noMemInit: true });
  }

  async load(documents: number): Promise<void> {
    while (this.#next < documents) await this.insert(Math.min(LOAD_GROUP, documents - this.#next));
  }

  /** Inserts the next `count` documents in one transaction. */
  async insert(count: number): Promise<void> {
    await this.#root.batch(() => {
      for (let n = 0; n < count; n++) this.#put(itemOf(this.#next++, this.#perChannel));
    });
    await this.#root.flushed;
  }

  /** Adds up a field over the documents of `count` channels from `channel` on, through the index. */
  sum(channel: number, count: number): number {
    const start = BY_CHANNEL + encodeKey([channel]);
    const end = prefixEnd(BY_CHANNEL + encodeKey([channel + count - 1])) ?? BY_AUTHOR;
    let likes = 0;
    for (const { value } of this.#root.getRange({ start, end })) {
      const bytes = this.#root.getBinaryFast(PRIMARY + Buffer.from(value).toString("latin1"));
      if (bytes !== undefined) likes += decodeDocument(bytes, 0, bytes.length)["likes"] as number;
    }
    return likes;
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  #put(doc: Doc): void {
    const key = encodeKey([doc._id]);
    const tail = [doc._creationTime, doc._id];
    const pointer = Buffer.from(key, "latin1");
    void this.#root.put(PRIMARY + key, encodeDocument(doc));
    void this.#root.put(BY_TIME + encodeKey(tail), pointer);
    void this.#root.put(BY_CHANNEL + encodeKey([doc["channel"], ...tail]), pointer);
    void this.#root.put(BY_AUTHOR + encodeKey([doc["author"], doc["likes"], ...tail]), pointer);
  }
}
