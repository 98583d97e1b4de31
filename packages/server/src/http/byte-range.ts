/**
 * `Range: bytes=…`: which part of a body a client wants.
 *
 * One range is served; several, other units and what cannot be read count as no range at all, as RFC 9110 allows.
 *
 * @module
 */

/** `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

const RANGE = /^bytes=(\d*)-(\d*)$/i;

/** @returns `undefined` for the whole, "unsatisfiable" when none of the wanted bytes exist. */
export function byteRange(header: string | undefined, size: number): ByteRange | "unsatisfiable" | undefined {
  // An empty body is always sent whole: no part of it can be wanted.
  if (size === 0) return undefined;
  const [, first = "", last = ""] = RANGE.exec(header?.replaceAll(" ", "") ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const count = Math.min(Number(last), size);
    return count === 0 ? "unsatisfiable" : { start: size - count, end: size };
  }
  if (last !== "" && Number(last) < Number(first)) return undefined;
  if (Number(first) >= size) return "unsatisfiable";
  return { start: Number(first), end: last === "" ? size : Math.min(Number(last) + 1, size) };
}
