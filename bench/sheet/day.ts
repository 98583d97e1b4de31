/**
 * A day of each system at the rates of the original apps, as the sum of its scenarios, and what Convex's price list makes of it.
 *
 * @module
 */
import { CONVEX_PRICES, PRICES_DATE, type Prices } from "@narrowcast/server/testing";
import { amount } from "./amounts.ts";
import type { SheetRow } from "./measure.ts";
import type { Form } from "./size.ts";
import type { AnySystem } from "./system.ts";
import { find, groupsOf } from "./table.ts";
import type { Rules } from "./world.ts";

const DAYS_A_MONTH = 30;
const GB = 1e9;
const MILLION = 1e6;
const COMPARED: readonly (readonly [Form, Rules])[] = [
  ["before", "convex"],
  ["after", "convex"],
  ["before", "narrow"],
];
const HEAD = ["system", "a day's", "before/convex", "after/convex", "before/narrow"];
const SHOWN = [
  ["documents", "documents read"],
  ["bytes", "bytes read"],
  ["bytesSent", "bytes sent"],
  ["calls", "function calls"],
] as const;

type Day = { readonly [figure in (typeof SHOWN)[number][0]]: number };

/** A table in Markdown; systems without rates are left out. */
export function dayMarkdown(systems: readonly AnySystem[], rows: readonly SheetRow[]): string {
  const lines = [HEAD, HEAD.map((_, column) => (column < 2 ? "---" : "---:"))];
  for (const system of systems) {
    const own = rows.filter((row) => row.system === system.name);
    const days = COMPARED.map(([form, rules]) => dayOf(system, own, form, rules));
    if (days.some((day) => day.calls === 0)) continue;
    for (const [index, [figure, name]] of SHOWN.entries()) {
      lines.push([index === 0 ? system.name : "", name, ...days.map((day) => amount(day[figure], figure))]);
    }
    lines.push(["", "money a month", ...days.map(moneyText)]);
  }
  const { low, high } = CONVEX_PRICES;
  const table = lines.map((line) => `| ${line.join(" | ")} |`).join("\n");
  return `${table}\n\nMoney: ${DAYS_A_MONTH} such days at Convex's price list (${PRICES_DATE}), reads only, without what a plan includes: ${low.name} to ${high.name}.`;
}

/** Of states, the first one counts; a form that cannot go on costs what it cost until then. */
function dayOf(system: AnySystem, rows: readonly SheetRow[], form: Form, rules: Rules): Day {
  const day = { documents: 0, bytes: 0, bytesSent: 0, calls: 0 };
  for (const { scenario, state, rows: group } of groupsOf(rows)) {
    const { perDay } = system.scenarios.find(({ name }) => name === scenario)!;
    const row = find(group, form, rules);
    if (state !== system.states[0] || perDay === undefined || row === undefined) continue;
    for (const [figure] of SHOWN) day[figure] += row[figure] * perDay;
  }
  return day;
}

function moneyText(day: Day): string {
  const { low, high } = CONVEX_PRICES;
  return `$${monthly(day, low)} – $${monthly(day, high)}`;
}

function monthly({ bytes, bytesSent, calls }: Day, prices: Prices): string {
  const read = (bytes / GB) * prices.perGbRead;
  const money = read + (calls / MILLION) * prices.perMillionCalls + (bytesSent / GB) * prices.perGbSent;
  return (money * DAYS_A_MONTH).toFixed(2);
}
