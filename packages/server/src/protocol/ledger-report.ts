/**
 * The ledger's report, for those that may not look into the meter itself.
 *
 * @module
 */
export { PROMETHEUS_TYPE, prometheusText } from "../meter/prometheus.ts";
export type { LedgerReport, ReportOptions } from "../meter/report.ts";
