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
  /** Processor time of a query or mutation. */
  readonly userTimeMs: number;
  readonly actionTimeMs: number;
  readonly nodeActionTimeMs: number;
  /** Processor time of evaluating an app's modules when they are pushed. */
  readonly analysisTimeMs: number;
  /** The same when code starts that was accepted before. */
  readonly startTimeMs: number;
  readonly logLinesMax: number;
  readonly logLineBytesMax: number;
  /** What clients and the log are told of a failure; the rest is cut off. */
  readonly errorMessageBytesMax: number;
  readonly callDepthMax: number;
  readonly environmentVariablesMax: number;
  readonly environmentNameCharsMax: number;
  readonly environmentValueBytesMax: number;
  readonly environmentBytesMax: number;
  readonly httpBodyBytesMax: number;
  /** Of one message of a socket, or one body of JSON: levels of arrays and objects in one another. */
  readonly jsonNestingMax: number;
  /** Items and members in it, all counted. */
  readonly jsonElementsMax: number;
  /** Different names of fields in it. */
  readonly jsonNamesMax: number;
  /** One message of a socket. A longer one closes it. */
  readonly socketMessageBytesMax: number;
  /** Parts of messages that sockets have not sent whole, of all sockets together; the same for all bodies of requests. */
  readonly unfinishedBytesMax: number;
  /** With so many mutations of a socket waiting, or messages before the first is done, the socket is not read until some are done. */
  readonly socketMutationsQueuedMax: number;
  readonly socketActionsMax: number;
  /** Queries that one socket subscribes to. */
  readonly socketQueriesMax: number;
  /** Queries that all sockets together subscribe to. */
  readonly serverQueriesMax: number;
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
  // Ours: deployed functions must not be lost because a machine is slower than the one that accepted them.
  startTimeMs: 20_000,
  logLinesMax: 256,
  logLineBytesMax: 32_768,
  errorMessageBytesMax: 32_768,
  callDepthMax: 8,
  environmentVariablesMax: 512,
  environmentNameCharsMax: 256,
  environmentValueBytesMax: 8_192,
  environmentBytesMax: 524_288,
  httpBodyBytesMax: 16_777_216 + 2_000,
  // What guards the main thread is ours: at the limits a text is read in less than 100 ms. 16,000 documents of 14 fields are inside.
  jsonNestingMax: 128,
  jsonElementsMax: 250_000,
  jsonNamesMax: 20_000,
  // Arguments of the largest size in JSON, where text may double.
  socketMessageBytesMax: 2 * 16_777_216,
  unfinishedBytesMax: 268_435_456,
  socketMutationsQueuedMax: 1_000,
  socketActionsMax: 1_000,
  socketQueriesMax: 20_000,
  serverQueriesMax: 1_000_000,
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
