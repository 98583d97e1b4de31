/**
 * The two host classes that every JavaScript environment has for text: declared here, so that the package
 * builds without the types of any one host.
 *
 * @module
 */

declare const TextEncoder: new () => {
  encodeInto(text: string, into: Uint8Array): { read: number; written: number };
};

declare const TextDecoder: new (
  label: "utf-8",
  options: { ignoreBOM: true; fatal?: boolean },
) => { decode(bytes: Uint8Array): string };

/** UTF-8 into a given array. */
export const textEncoder = new TextEncoder();
/** UTF-8 to text; a byte-order mark is text like any other. */
export const textDecoder = new TextDecoder("utf-8", { ignoreBOM: true });
