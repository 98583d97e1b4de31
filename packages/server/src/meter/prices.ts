/**
 * What Convex's price list makes of an account.
 *
 * The list has a low and a high end, by plan and region; both are given. What a plan includes for free is not taken off, because it is
 * a property of the customer and not of the code.
 *
 * @module
 */
import type { Account } from "./account.ts";

/** Prices in US dollars. */
export interface Prices {
  readonly name: string;
  readonly perGbRead: number;
  readonly perMillionCalls: number;
  readonly perGbSent: number;
}

/** Where the figures come from. */
export const PRICES_SOURCE = "https://www.convex.dev/pricing and docs.convex.dev/production/state/limits";
/** When they were looked up. */
export const PRICES_DATE = "2026";

/** Database I/O (reads and writes alike), function calls, egress. */
export const CONVEX_PRICES: { readonly low: Prices; readonly high: Prices } = {
  low: { name: "low end", perGbRead: 0.15, perMillionCalls: 2, perGbSent: 0.12 },
  high: { name: "high end", perGbRead: 0.22, perMillionCalls: 2.2, perGbSent: 0.12 },
};

const GB = 1e9;
const MILLION = 1e6;

/** Dollars for both sides of an account, at one price list. */
export interface Money {
  readonly convex: number;
  readonly narrow: number;
}

/** The same list for both sides: what the account's work would cost if Convex billed it. */
export function moneyOf(account: Readonly<Account>, prices: Prices): Money {
  const written = account.bytesWritten + account.keyBytesWritten;
  const price = (read: number, calls: number, sent: number): number =>
    ((read + written) / GB) * prices.perGbRead +
    (calls / MILLION) * prices.perMillionCalls +
    (sent / GB) * prices.perGbSent;
  return {
    convex: price(account.convexBytes + account.convexKeyBytes, account.convexCalls, account.convexBytesSent),
    narrow: price(account.bytes + account.keyBytes, account.calls, account.bytesSent),
  };
}
