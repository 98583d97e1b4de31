/**
 * Constants of the document format, shared by its writer and its reader. See `document-codec.ts` for the picture.
 *
 * @module
 */

export const VERSION = 1;
export const HEADER_BYTES = 17;

export const TAG_NULL = 0;
export const TAG_FALSE = 1;
export const TAG_TRUE = 2;
export const TAG_INT64 = 3;
export const TAG_FLOAT64 = 4;
export const TAG_INT32 = 5;
/** Text in the ASCII section; then its length. */
export const TAG_ASCII = 6;
/** Text in the UTF-8 section; then its length in UTF-16 units. */
export const TAG_WIDE = 7;
/** Text with an unpaired surrogate, which UTF-8 cannot hold; then its length and its UTF-16 units. */
export const TAG_UNITS = 8;
/** Then the length and the bytes. */
export const TAG_BYTES = 9;
/** Then the count and the items. */
export const TAG_ARRAY = 10;
/** Then the number of the shape in the head and the values in its order. */
export const TAG_OBJECT = 11;
/** An object too large for a shape: then the count and, sorted, each name (a text with its tag) and value. */
export const TAG_DICTIONARY = 12;
/** 0x80 to 0xff are the integers 0 to 127. */
export const TAG_SMALL = 0x80;

/** Fields that a shape may have. */
export const SHAPE_FIELDS_MAX = 64;
