/**
 * Observations: which top-level fields of which documents one run looked at.
 *
 * A field that was looked at and is not there counts as looked at. Fields are bits of one number per document, so noting a field costs one
 * look-up and comparing with a change allocates nothing.
 *
 * Invariants:
 *   - Bits are only added: of a document that was given several times, everything that was looked at counts.
 *   - A run that looks at more than `FIELDS_APART` different names lets the later ones share a bit. That is wider than the truth, never narrower.
 *
 * Not here: how fields come to be noted (`tracked-document.ts`), what follows from them (`read-set.ts`).
 *
 * @module
 */

/** Every field, also those that a document does not have yet. */
export const ALL_FIELDS = -1;
/** Names that have a bit of their own. */
export const FIELDS_APART = 29;
const SHARED_BIT = 1 << FIELDS_APART;

/** What was looked at of one document. Written by tracked documents: a note must not cost a look-up of the document each time. */
export class Seen {
  /** One bit a field, see {@linkcode Observations.bitOf}; {@linkcode ALL_FIELDS}: all of them. */
  bits = 0;
}

/** See the module comment. */
export class Observations {
  readonly #bits = new Map<string, number>();
  readonly #documents = new Map<string, Seen>();

  /** The bit of a field's name, given to it now if need be. */
  bitOf(field: string): number {
    const known = this.#bits.get(field);
    if (known !== undefined) return known;
    const bit = this.#bits.size < FIELDS_APART ? 1 << this.#bits.size : SHARED_BIT;
    this.#bits.set(field, bit);
    return bit;
  }

  /** The cell of one document, shared by all its tracked copies. */
  of(id: string): Seen {
    let seen = this.#documents.get(id);
    if (seen === undefined) this.#documents.set(id, (seen = new Seen()));
    return seen;
  }

  note(id: string, field: string): void {
    this.of(id).bits |= this.bitOf(field);
  }

  noteAll(id: string): void {
    this.of(id).bits = ALL_FIELDS;
  }

  /** Whether one of `fields` was looked at. */
  includes(id: string, fields: readonly string[]): boolean {
    const bits = this.#documents.get(id)?.bits ?? 0;
    if (bits === 0) return false;
    if (bits === ALL_FIELDS) return fields.length > 0;
    for (const field of fields) if ((bits & (this.#bits.get(field) ?? 0)) !== 0) return true;
    return false;
  }

  /** Names looked at, in the order in which the run first used them; `"all"`; for tests and the ledger. */
  fieldsOf(id: string): readonly string[] | "all" {
    const bits = this.#documents.get(id)?.bits ?? 0;
    if (bits === ALL_FIELDS) return "all";
    return [...this.#bits].filter(([, bit]) => (bits & bit) !== 0).map(([field]) => field);
  }

  /** Documents of which anything was looked at, and names in use: what keeping this costs. */
  get size(): number {
    return this.#documents.size + this.#bits.size;
  }
}
