/**
 * Shapes: the field names of an object, known once and shared by all documents that have them.
 *
 * A document's bytes carry a head: the shapes of the objects in it, each a sorted list of field names. Documents of a table
 * mostly have the same head, so it is built once for writing and recognised by comparison for reading.
 *
 *   head  = count, shape…        shape = count, name…        name = length, UTF-8        (counts and lengths: LEB128)
 *
 * The caches here change speed, never results. They hold at most {@linkcode CACHED_MAX} entries and start over when full.
 *
 * Not here: values (`document-codec.ts`); code made for a shape (`shape-code.ts`).
 *
 * @module
 */
import { makeShapeCode } from "./shape-code.ts";
import type { ShapeCode } from "./shape-code.ts";
import { binaryToUtf8, compareUtf8, utf8ToBinary } from "./utf8.ts";

/** Entries after which a cache starts over: far more than an app has shapes, few enough not to matter. */
const CACHED_MAX = 8_192;

/** Sorted field names of one kind of object. */
export interface Shape {
  readonly names: readonly string[];
  /** As part of a head, one char a byte. */
  readonly binary: string;
  readonly code: ShapeCode;
}

/** Shapes of one document in order of first use, extended shape by shape while the document is written. */
export interface Head {
  readonly shapes: readonly Shape[];
  readonly bytes: Uint8Array;
  readonly hash: number;
  readonly next: Map<Shape, Head>;
  /** Whether the last document that began so had text beyond ASCII: a guess for the next one. */
  hasWideText: boolean;
}

/** A node of the tree of field-name sequences. */
interface Step {
  shape: Shape | undefined;
  readonly next: Map<string, Step>;
  /** The branch taken last, found without hashing: most objects come in runs of one kind. */
  lastName: string;
  last: Step | undefined;
}

/** Finds the shape of an object and the head of a document while it is written. */
export class ShapeWriter {
  #steps = makeStep();
  #root = makeHead([]);
  #cached = 0;

  /** The head without shapes, where each document begins. */
  start(): Head {
    if (this.#cached > CACHED_MAX) {
      this.#steps = makeStep();
      this.#root = makeHead([]);
      this.#cached = 0;
    }
    return this.#root;
  }

  /** The shape of `object`, whatever order its fields are in. */
  shapeOf(object: object): Shape {
    let step = this.#steps;
    for (const name in object) {
      const last = step.last;
      step = last !== undefined && step.lastName === name ? last : this.#follow(step, name);
    }
    return (step.shape ??= this.#sortedShape(Object.keys(object)));
  }

  /** `head` with `shape` added. */
  extend(head: Head, shape: Shape): Head {
    const known = head.next.get(shape);
    if (known !== undefined) return known;
    const extended = makeHead([...head.shapes, shape]);
    head.next.set(shape, extended);
    this.#cached++;
    return extended;
  }

  #follow(step: Step, name: string): Step {
    let next = step.next.get(name);
    if (next === undefined) {
      next = makeStep();
      step.next.set(name, next);
      this.#cached++;
    }
    step.lastName = name;
    step.last = next;
    return next;
  }

  #sortedShape(names: string[]): Shape {
    let step = this.#steps;
    for (const name of names.sort(compareUtf8)) step = this.#follow(step, name);
    return (step.shape ??= makeShape(names));
  }
}

/** Recognises heads while documents are read. */
export class ShapeReader {
  readonly #known = new Map<number, { readonly bytes: Uint8Array; readonly shapes: readonly Shape[] }>();

  /** The shapes of the head in `bytes[start, end)`. `hash` is a hint where to look, nothing more. */
  read(bytes: Uint8Array, start: number, end: number, hash: number): readonly Shape[] {
    const known = this.#known.get(hash);
    if (known !== undefined && isSame(known.bytes, bytes, start, end)) return known.shapes;
    const shapes = parseHead(bytes, start, end);
    if (this.#known.size >= CACHED_MAX) this.#known.clear();
    this.#known.set(hash, { bytes: new Uint8Array(bytes.subarray(start, end)), shapes });
    return shapes;
  }
}

function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  const { length } = known;
  if (length !== end - start) return false;
  for (let at = 0; at < length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}

function makeStep(): Step {
  return { shape: undefined, next: new Map(), lastName: "", last: undefined };
}

function makeShape(names: readonly string[]): Shape {
  let binary = varint(names.length);
  for (const name of names) {
    const utf8 = utf8ToBinary(name);
    binary += varint(utf8.length) + utf8;
  }
  return { names, binary, code: makeShapeCode(names) };
}

function makeHead(shapes: readonly Shape[]): Head {
  const binary = varint(shapes.length) + shapes.map((shape) => shape.binary).join("");
  const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return { shapes, bytes, hash: hash | 0, next: new Map(), hasWideText: false };
}

function varint(value: number): string {
  return value < 0x80 ? String.fromCharCode(value) : String.fromCharCode((value & 0x7f) | 0x80) + varint(value >>> 7);
}

function parseHead(bytes: Uint8Array, start: number, end: number): Shape[] {
  let at = start;
  const next = (): number => {
    if (at >= end) throw new RangeError("Cannot decode document: its head ends too early");
    return bytes[at++] as number;
  };
  const count = (): number => {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = next();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw new RangeError("Cannot decode document: a count in its head is too large");
  };
  const name = (): string => {
    let binary = "";
    for (let rest = count(); rest > 0; rest--) binary += String.fromCharCode(next());
    return binaryToUtf8(binary);
  };
  const shape = (): Shape => {
    const names: string[] = [];
    for (let rest = count(); rest > 0; rest--) names.push(name());
    return makeShape(names);
  };
  const shapes: Shape[] = [];
  for (let rest = count(); rest > 0; rest--) shapes.push(shape());
  if (at !== end) throw new RangeError("Cannot decode document: its head is longer than its shapes");
  return shapes;
}
