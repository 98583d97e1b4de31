/**
 * Convex's limits, in one place. Every room that enforces one takes it from here, so that a deployment can
 * be given its own.
 *
 * Units are in the names: bytes, documents, milliseconds. Where Convex's documentation and behaviour differ, the behaviour counts.
 *
 * @module
 */

/** All limits of a deployment. See each field for its unit. */
export interface Limits {
  readonly documentsReadMax: number;
  readonly bytesReadMax: number;
  readonly rangesReadMax: number;
  readonly documentsWrittenMax: number;
  readonly bytesWrittenMax: number;
  readonly functionsScheduledMax: number;
  readonly scheduledArgsBytesMax: number;
  readonly scheduledOneArgsBytesMax: number;
  readonly documentBytesMax: number;
  readonly nestingMax: number;
  readonly objectFieldsMax: number;
  readonly arrayItemsMax: number;
  readonly fieldNameCharsMax: number;
  readonly nestedKeyCharsMax: number;
  readonly identifierCharsMax: number;
  readonly indexesPerTableMax: number;
  readonly fieldsPerIndexMax: number;
  readonly tablesMax: number;
  readonly pageItemsMax: number;
  readonly queryOperatorsMax: number;
  readonly argumentsBytesMax: number;
  readonly resultBytesMax: number;
  readonly userTimeMs: number;
  readonly actionTimeMs: number;
  readonly nodeActionTimeMs: number;
  readonly analysisTimeMs: number;
  readonly logLinesMax: number;
  readonly logLineBytesMax: number;
  readonly callDepthMax: number;
  readonly environmentVariablesMax: number;
  readonly environmentNameCharsMax: number;
  readonly environmentValueBytesMax: number;
  readonly environmentBytesMax: number;
  readonly httpBodyBytesMax: number;
  readonly socketMutationsQueuedMax: number;
  readonly socketActionsMax: number;
  readonly transitionChunkBytes: number;
  readonly sessionKeptMs: number;
  readonly scheduledResultKeptMs: number;
  /** One file, however it comes. */
  readonly fileBytesMax: number;
  /** One file that an action stores or reads: it is in memory whole. */
  readonly actionFileBytesMax: number;
  readonly filesWrittenMax: number;
  readonly fileWriteBytesMax: number;
  readonly filesReadMax: number;
  readonly fileReadBytesMax: number;
  /** How long an upload URL is good. */
  readonly uploadUrlMs: number;
  /** Share of a limit at which a warning goes to the log. */
  readonly warnShare: number;
}

/** Convex's own values. */
export const CONVEX_LIMITS: Limits = {
  documentsReadMax: 32_000,
  bytesReadMax: 16_777_216,
  rangesReadMax: 4_096,
  documentsWrittenMax: 16_000,
  bytesWrittenMax: 16_777_216,
  functionsScheduledMax: 1_000,
  scheduledArgsBytesMax: 16_777_216,
  scheduledOneArgsBytesMax: 4_194_304,
  documentBytesMax: 1_048_576,
  nestingMax: 16,
  objectFieldsMax: 1_024,
  arrayItemsMax: 8_192,
  fieldNameCharsMax: 64,
  nestedKeyCharsMax: 1_024,
  identifierCharsMax: 64,
  indexesPerTableMax: 64,
  fieldsPerIndexMax: 16,
  tablesMax: 10_000,
  pageItemsMax: 32_000,
  queryOperatorsMax: 256,
  argumentsBytesMax: 16_777_216,
  resultBytesMax: 16_777_216,
  userTimeMs: 1_000,
  actionTimeMs: 30 * 60_000,
  nodeActionTimeMs: 10 * 60_000,
  analysisTimeMs: 4_000,
  logLinesMax: 256,
  logLineBytesMax: 32_768,
  callDepthMax: 8,
  environmentVariablesMax: 512,
  environmentNameCharsMax: 256,
  environmentValueBytesMax: 8_192,
  environmentBytesMax: 524_288,
  httpBodyBytesMax: 16_777_216 + 2_000,
  socketMutationsQueuedMax: 1_000,
  socketActionsMax: 1_000,
  transitionChunkBytes: 5_000_000,
  sessionKeptMs: 14 * 24 * 3_600_000,
  scheduledResultKeptMs: 7 * 24 * 3_600_000,
  // Convex publishes no figures for the sizes of files, nor for those of one mutation; these are ours.
  fileBytesMax: 5 * 1_073_741_824,
  actionFileBytesMax: 67_108_864,
  filesWrittenMax: 1_000,
  fileWriteBytesMax: 16_777_216,
  filesReadMax: 1_000,
  fileReadBytesMax: 16_777_216,
  uploadUrlMs: 3_600_000,
  warnShare: 0.8,
};
