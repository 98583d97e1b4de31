/**
 * Replays a trace: the same app in a fresh memory, the same calls at the same times of a virtual clock, and the accounts of it.
 *
 *   trace ──▶ code, environment, documents ──▶ calls of a tick ─▶ idle ─▶ alarms up to the next tick … ──▶ ledger
 *
 * The app is the one of the trace, so both rules see the same work. Ids are other ones: what was inserted is told apart by who inserted it and in
 * which order, and ids in arguments are translated.
 *
 * What is not repeated: actions (their queries and mutations are, from the trace), bytes of files (their rows are), and cursors of pages after the
 * first, which belong to the store that made them.
 *
 * @module
 */
import { parseTable, CONVEX_LIMITS, jsonToValue, type Value, type FunctionAddress } from "@narrowcast/values";
import { reportOf, type LedgerReport } from "../meter/report.ts";
import type { SocketUpdate } from "../protocol/live-types.ts";
import type { Core } from "../core/core.ts";
import { openCoreIn, type CoreHome } from "../core/core-home.ts";
import type { FromCore, ToCore } from "../protocol/core-protocol.ts";
import { SeededRandom } from "../isolate/seeded-random.ts";
import { SentLog } from "../host/sent-log.ts";
import { parseTraceLine, TRACE_VERSION, type TraceLine } from "../core/trace-types.ts";
import { VirtualClock } from "../protocol/virtual-clock.ts";

/** By whose rules dependencies are followed. */
export type ReplayRules = "convex" | "narrow";

/** What a replay did. */
export interface ReplayReport {
  readonly rules: ReplayRules;
  /** From the first to the last call of the trace. */
  readonly virtualMs: number;
  readonly calls: number;
  /** Calls that the core refused or that failed, for example for a cursor of the original store. */
  readonly refused: number;
  /** CPU time of the replay, in milliseconds. */
  readonly cpuMs: number;
  readonly ledger: LedgerReport;
}

type Head = Extract<TraceLine, { kind: "head" }>;
type Call = Extract<TraceLine, { kind: "call" }>;
type DocumentLine = Extract<TraceLine, { kind: "document" }>;

const URLS = { cloudUrl: "http://127.0.0.1:3210", siteUrl: "http://127.0.0.1:3211" };
const ID = /\b[0-9a-z]{31,37}\b/gu;
const RESTORE_ROWS = 1_000;
/** Id of the push of the code that the trace begins with. */
const RESTORE_PUSH = -2;
const RESTORE_SOURCE = "_trace/restore";

/** @param lines The lines of the trace, without their ends. @throws When it is no trace. */
export async function replayTrace(lines: Iterable<string>, rules: ReplayRules): Promise<ReplayReport> {
  const trace = readTrace(lines);
  const replay = await Replay.open(trace, rules);
  try {
    return await replay.run();
  } finally {
    await replay.close();
  }
}

interface Trace {
  readonly head: Head;
  readonly documents: readonly DocumentLine[];
  /** Calls by tick. */
  readonly ticks: readonly (readonly Call[])[];
  /** Ids inserted by each source, commit by commit. */
  readonly inserted: ReadonlyMap<string, readonly (readonly string[])[]>;
}

function readTrace(lines: Iterable<string>): Trace {
  let head: Head | undefined;
  const documents: DocumentLine[] = [];
  const ticks: Call[][] = [];
  const inserted = new Map<string, (readonly string[])[]>();
  let number = 0;
  for (const text of lines) {
    number += 1;
    if (text === "") continue;
    const line = parseTraceLine(text, number);
    if (line.kind === "head") head ??= line;
    else if (line.kind === "document") documents.push(line);
    else if (line.kind === "call") {
      const last = ticks.at(-1);
      if (last?.[0]?.tick === line.tick) last.push(line);
      else ticks.push([line]);
    } else if (line.kind === "commit") {
      const of = inserted.get(line.source) ?? [];
      of.push(line.inserted);
      inserted.set(line.source, of);
    }
  }
  if (head === undefined) throw new Error("Cannot read trace: it is empty");
  if (head.version !== TRACE_VERSION) {
    throw new Error(`Cannot read trace: its version is ${head.version}; should be ${TRACE_VERSION}`);
  }
  return { head, documents, ticks, inserted };
}

class Replay {
  readonly #trace: Trace;
  readonly #rules: ReplayRules;
  readonly #clock: VirtualClock;
  /** Ids of the trace and what they are here. */
  readonly #ids = new Map<string, string>();
  readonly #commits = new Map<string, number>();
  readonly #queries = new Map<string, FunctionAddress & { readonly args: string }>();
  readonly #sent = new SentLog((notes) => this.#core.receive([{ type: "sent", notes }]));
  readonly #startCpu = process.cpuUsage();
  #opened: Awaited<ReturnType<typeof openCoreIn>> | undefined;
  #refused = 0;

  private constructor(trace: Trace, rules: ReplayRules) {
    this.#trace = trace;
    this.#rules = rules;
    this.#clock = new VirtualClock(trace.head.atMs);
  }

  static async open(trace: Trace, rules: ReplayRules): Promise<Replay> {
    const replay = new Replay(trace, rules);
    const random = new SeededRandom(1);
    const bytes = (count: number): Uint8Array => {
      const drawn = new Uint8Array(count);
      random.fillBytes(drawn);
      return drawn;
    };
    const start: CoreHome["start"] = {
      ...URLS,
      limits: CONVEX_LIMITS,
      suspects: [],
      running: [],
      ...trackingOf(rules),
    };
    const home = { start, clock: replay.#clock, random: { bytes } };
    replay.#opened = await openCoreIn(home, (batch) => batch.forEach((message) => replay.#observe(message)));
    await replay.#restore();
    return replay;
  }

  get #core(): Core {
    if (this.#opened === undefined) throw new Error("Cannot replay: the core is not open");
    return this.#opened.core;
  }

  async run(): Promise<ReplayReport> {
    const { ticks, head } = this.#trace;
    let calls = 0;
    for (const tick of ticks) {
      await this.#advanceTo(tick[0]?.atMs ?? 0);
      calls += tick.length;
      this.#core.receive(tick.map(({ message }) => this.#translated(message)));
      await this.#core.whenIdle();
    }
    this.#sent.flush();
    await this.#core.whenIdle();
    const { user, system } = process.cpuUsage(this.#startCpu);
    const { ledger } = this.#core;
    if (ledger === undefined) throw new Error("Cannot replay: the core has no meter");
    return {
      rules: this.#rules,
      virtualMs: (ticks.at(-1)?.[0]?.atMs ?? head.atMs) - head.atMs,
      calls,
      refused: this.#refused,
      cpuMs: (user + system) / 1_000,
      ledger: reportOf(ledger, this.#clock.nowMs(), { recentMax: 0 }),
    };
  }

  async close(): Promise<void> {
    await this.#opened?.close();
  }

  /** Fires what is due on the way, one moment after the other. */
  async #advanceTo(ms: number): Promise<void> {
    for (let next = this.#clock.nextMs; next <= ms; next = this.#clock.nextMs) {
      this.#clock.moveTo(next);
      await this.#core.whenIdle();
    }
    this.#clock.moveTo(ms);
  }

  async #restore(): Promise<void> {
    const { code, environment } = this.#trace.head;
    if (environment.length > 0) this.#core.receive([{ type: "setEnvironment", id: -1, changes: environment }]);
    await this.#core.whenIdle();
    if (code !== null) this.#core.receive([{ type: "push", id: RESTORE_PUSH, code: code.manifest }]);
    await this.#core.whenIdle();
    if (this.#refused > 0) throw new Error("Cannot replay: the app of the trace could not be pushed");
    this.#restoreDocuments();
    this.#core.receive([{ type: "trace", sockets: [] }]);
    await this.#core.whenIdle();
  }

  /** Twice over the documents: their new ids are known only when all are there. */
  #restoreDocuments(): void {
    const { documents } = this.#trace;
    for (let from = 0; from < documents.length; from += RESTORE_ROWS) {
      this.#core.commits.write(RESTORE_SOURCE, (tx) => {
        for (const { table, document } of documents.slice(from, from + RESTORE_ROWS)) {
          const { _id: id, fields } = partsOf(document);
          const address = parseTable(table);
          const isKnown = this.#core.database.catalogue.get(address) !== undefined;
          const within = tx.within(address.component);
          const inserted = isKnown ? within.system.insert(address.table, fields) : within.insert(address.table, fields);
          this.#ids.set(id, inserted);
        }
      });
    }
    for (let from = 0; from < documents.length; from += RESTORE_ROWS) {
      this.#core.commits.write(RESTORE_SOURCE, (tx) => {
        for (const { document } of documents.slice(from, from + RESTORE_ROWS)) {
          const text = JSON.stringify({ ...document, _id: "", _creationTime: 0 });
          const translated = this.#translate(text);
          const id = this.#ids.get(String(document["_id"]));
          if (translated === text || id === undefined) continue;
          tx.system.patch(id, partsOf(JSON.parse(translated) as DocumentLine["document"]).fields);
        }
      });
    }
  }

  #translate(text: string): string {
    return text.replaceAll(ID, (id) => this.#ids.get(id) ?? id);
  }

  #translated(message: ToCore): ToCore {
    // Code is no place where ids are.
    if (message.type === "push" || message.type === "modules" || message.type === "nodeAnalysis") return message;
    const rest = message;
    const translated = { ...message, ...(JSON.parse(this.#translate(JSON.stringify(rest))) as ToCore) };
    if (translated.type !== "modifyQueries") return translated;
    for (const { queryId, component, path, args } of translated.add) {
      this.#queries.set(`${translated.socket} ${queryId}`, { component, path, args });
    }
    return { ...translated, add: translated.add.map((query) => ({ ...query, journal: null })) };
  }

  #observe(message: FromCore): void {
    switch (message.type) {
      case "needModules":
      case "analyzeNode":
        this.#answerRestore(message);
        return;
      case "refused":
        this.#refused += 1;
        return;
      case "reply":
        if (isFailure(message.value)) this.#refused += 1;
        return;
      case "updates":
        for (const update of message.updates) this.#noteSent(update);
        return;
      case "trace":
        for (const text of message.lines) this.#learnIds(JSON.parse(text) as TraceLine);
        return;
      default:
    }
  }

  /** What the push of the restored code asks for; later pushes find the answers among the calls of the trace. */
  #answerRestore(message: Extract<FromCore, { type: "needModules" | "analyzeNode" }>): void {
    const { code } = this.#trace.head;
    const { id: request } = message;
    if (request !== RESTORE_PUSH || code === null) return;
    this.#core.receive([
      message.type === "needModules"
        ? { type: "modules", request, sources: code.sources }
        : { type: "nodeAnalysis", request, outcome: { ok: true, analysis: code.node } },
    ]);
  }

  /** Every result counts as sent whole: clients of a replay speak no deltas. */
  #noteSent({ socket, changes }: SocketUpdate): void {
    for (const { queryId, result } of changes) {
      const query = this.#queries.get(`${socket} ${queryId}`);
      if (result === undefined || query === undefined) continue;
      const bytes = Buffer.byteLength(result.ok ? result.value : result.errorMessage);
      this.#sent.note(query, "", bytes, bytes);
    }
  }

  /** The n-th commit of a source inserted here what its n-th commit inserted in the trace. */
  #learnIds(line: TraceLine): void {
    if (line.kind !== "commit") return;
    const { source, inserted } = line;
    const count = this.#commits.get(source) ?? 0;
    this.#commits.set(source, count + 1);
    const theirs = this.#trace.inserted.get(source)?.[count] ?? [];
    theirs.forEach((id, at) => this.#ids.set(id, inserted[at] ?? id));
  }
}

/** What the core is told of the rules. */
function trackingOf(rules: ReplayRules): Pick<CoreHome["start"], "tracking"> {
  return { tracking: { tracking: rules === "convex" ? "document" : "fields", trackingFor: {} } };
}

function partsOf(document: DocumentLine["document"]): {
  readonly _id: string;
  readonly fields: { readonly [field: string]: Value };
} {
  const { _id, _creationTime: _ignored, ...json } = document;
  return { _id: String(_id), fields: jsonToValue(json as never) as { readonly [field: string]: Value } };
}

function isFailure(value: unknown): boolean {
  return typeof value === "object" && value !== null && "ok" in value && value.ok === false;
}
