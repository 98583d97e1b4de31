/**
 * Walks that stop before a transaction's limits do.
 *
 * A message may have 100 KB and as much reasoning, so no fixed number of documents fits surely in the 16 MiB that a transaction may
 * read. A walk therefore counts the bytes of texts as it goes, and stops at a quarter of the limit or at a number of documents.
 */
import type { Doc } from "../_generated/dataModel.js";
import { byteLength } from "./text.ts";

export const WALK_DOCUMENTS_MAX = 2_000;
export const WALK_BYTES_MAX = 4_194_304;

/** What has been used of a walk's budget. */
export class Budget {
  readonly #documentsMax: number;
  readonly #bytesMax: number;
  #documents = 0;
  #bytes = 0;

  constructor(documentsMax = WALK_DOCUMENTS_MAX, bytesMax = WALK_BYTES_MAX) {
    this.#documentsMax = documentsMax;
    this.#bytesMax = bytesMax;
  }

  /** Notes one document. */
  spend(document: object): void {
    this.#documents += 1;
    if (isText(document)) this.#bytes += byteLength(document.content) + byteLength(document.reasoning ?? "");
  }

  /** Whether the walk should stop. */
  get isSpent(): boolean {
    return this.#documents >= this.#documentsMax || this.#bytes >= this.#bytesMax;
  }
}

/**
 * Gives documents until the budget is spent, and whether that was all.
 *
 * It never stops between two documents of one creation time: a position in a walk is a creation time, and what has that time is
 * either all behind it or all before it.
 */
export async function walk<T extends { readonly _creationTime: number }>(
  documents: AsyncIterable<T>,
  budget: Budget,
  visit: (document: T) => void,
): Promise<{ readonly isDone: boolean; readonly through: number | undefined }> {
  let through: number | undefined;
  for await (const document of documents) {
    if (budget.isSpent && document._creationTime !== through) return { isDone: false, through };
    budget.spend(document);
    visit(document);
    through = document._creationTime;
  }
  return { isDone: true, through };
}

function isText(document: object): document is Pick<Doc<"messages">, "content" | "reasoning"> {
  return "content" in document;
}
