/**
 * The ledger over HTTP: JSON for admins, Prometheus text for everybody.
 *
 * Names of functions and tables are for admins only: without a key `/metrics` gives the totals.
 *
 * @module
 */
import { PROMETHEUS_TYPE, prometheusText } from "../protocol/ledger-report.ts";
import type { LedgerReport } from "../protocol/ledger-report.ts";
import { jsonAnswer, type Route, type RouteWorld } from "./answer.ts";
import { isAdmin, requireAdmin } from "./identity.ts";
import { RequestError } from "./request-error.ts";

/** Lines per table that a scrape gets. */
const METRIC_ROWS_MAX = 200;

/** `?rows=` bounds the lines per table, `?recent=` the runs. */
export const ledgerRoute: Route = async (request, world) => {
  requireAdmin(request, world);
  const rowsMax = count(request.url, "rows");
  const recentMax = count(request.url, "recent");
  return jsonAnswer(await ledgerOf(world, { rowsMax, recentMax }));
};

export const metricsRoute: Route = async (request, world) => {
  const rowsMax = isAdmin(request, world) ? METRIC_ROWS_MAX : undefined;
  const report = await ledgerOf(world, { rowsMax: rowsMax ?? 0, recentMax: 0 });
  const text = prometheusText(report, { hasLabels: rowsMax !== undefined });
  return { status: 200, headers: [["Content-Type", PROMETHEUS_TYPE]], body: text };
};

async function ledgerOf({ deployment }: RouteWorld, options: object): Promise<LedgerReport> {
  const report = await deployment.ledger(options);
  if (report === null) {
    throw new RequestError(404, "MeteringOff", "Cannot show the ledger: this deployment was started without metering");
  }
  return report;
}

function count(url: URL, name: string): number | undefined {
  const text = url.searchParams.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) {
    throw new RequestError(400, "BadRequest", `Invalid request: \`${name}\` is not a whole number from 0`);
  }
  return value;
}
