/**
 * The randomness of user code in queries and mutations: the same seed gives the same numbers, bytes and UUIDs.
 *
 * Not for secrets: tokens belong into actions, as on Convex.
 *
 * @module
 */

/** A stream of pseudo-random numbers (sfc32: 128 bits of state, passes PractRand). */
export class SeededRandom {
  #a: number;
  #b: number;
  #c: number;
  #d = 1;

  /** @param seed Any number; all of its 64 bits count. */
  constructor(seed: number) {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, seed);
    this.#a = bits.getUint32(0) | 0;
    this.#b = bits.getUint32(4) | 0;
    this.#c = 0x9e3779b9 | 0;
    // The first outputs still show the seed.
    for (let round = 0; round < 12; round++) this.uint32();
  }

  /** The next integer in [0, 2^32). */
  uint32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** The next number in [0, 1) with 53 random bits, like `Math.random()`. */
  float(): number {
    return ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000;
  }

  /** Fills `bytes`. */
  fillBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 4) {
      const word = this.uint32();
      for (let byte = 0; byte < 4 && at + byte < bytes.length; byte++) bytes[at + byte] = (word >>> (8 * byte)) & 0xff;
    }
  }

  /** A version 4 UUID. */
  uuid(): string {
    const bytes = new Uint8Array(16);
    this.fillBytes(bytes);
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  }
}
