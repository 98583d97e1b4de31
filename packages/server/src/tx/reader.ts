/**
 * The read side of a transaction: by id, by index, by page, and the count of a whole table.
 *
 * Every read is recorded in the read set before its answer is used. Reads of a missing table are empty and depend on
 * the table's name.
 *
 * @module
 */
import { IdDecodeError, decodeId, tableNumberOfId, tryDecodeId } from "@narrowcast/values";
import type { Doc } from "@narrowcast/values";
import { PRIMARY } from "../engine/types.ts";
import type { KeyRange } from "../engine/types.ts";
import { builtInFields, tableFact } from "./catalogue.ts";
import type { Index, Table } from "./catalogue.ts";
import { planFingerprint } from "./page-cursor.ts";
import { NodeStream, nodeCallOf } from "./node-stream.ts";
import type { NodeSource } from "./node-stream.ts";
import { readPage } from "./paginate.ts";
import type { PageRows } from "./paginate.ts";
import { compileRange } from "./range.ts";
import type { ReadNodes } from "./read-nodes.ts";
import { compileStages } from "./plan-stages.ts";
import type { PlanStages } from "./plan-stages.ts";
import { copyDocument, EMPTY_STREAM, RowStream } from "./stream.ts";
import { SEEN_FIELDS, WHOLE_ROWS } from "./stretches.ts";
import type { StretchRule } from "./stretches.ts";
import { checkSide, findTable, reaches } from "./table-access.ts";
import type { Access } from "./table-access.ts";
import type { TransactionContext } from "./transaction-context.ts";
import { UserError } from "./types.ts";
import type { Page, PageRequest, QueryStream } from "./types.ts";
import type { QueryPlan } from "./query-plan.ts";

export class Reader {
  readonly #context: TransactionContext;

  constructor(context: TransactionContext) {
    this.#context = context;
  }

  /** One document for the caller, who may write to it. @throws {UserError} As {@linkcode find}. */
  get(id: string, tableName: string | undefined, access: Access): Doc | null {
    const row = this.find(id, tableName, access, "get");
    if (row === undefined) return null;
    const { documentAccesses, reads } = this.#context;
    if (documentAccesses !== undefined && access !== "core")
      return documentAccesses.giveOne(tableNumberOfId(id) ?? 0, row);
    if (reads.isFine) reads.observations.noteAll(id);
    return copyDocument(row);
  }

  /**
   * The stored row, shared: callers copy it before they hand it out.
   *
   * @param method For messages: the function that the developer called, for example `get`.
   * @throws {UserError} If `id` is no id, or not one of `tableName`.
   */
  find(id: string, tableName: string | undefined, access: Access, method: string): Doc | undefined {
    const { engine, namespace, reads, meter, nodes, makesNodes } = this.#context;
    const number = typeof id === "string" ? tableNumberOfId(id) : undefined;
    if (number === undefined) throw idError(id, method);
    if (method === "get") checkSide(namespace, number, access);
    if (tableName !== undefined) this.#checkTable(id, number, tableName, access, method);
    reads.addPoint(number, id);
    if (access !== "core") meter.checkRanges(reads);
    // A row that is about to be written is visited in the engine anyway.
    if (
      nodes !== undefined &&
      makesNodes &&
      method === "get" &&
      access !== "core" &&
      !this.#context.log.hasWritten(number, id)
    ) {
      return this.#findInNode(nodes, number, id, access, method);
    }
    const row = reaches(namespace, number, access) ? engine.get(number, id) : undefined;
    if (row === undefined) {
      if (tryDecodeId(id) === undefined) throw idError(id, method);
      return undefined;
    }
    if (access !== "core") meter.countRead(row, number, 0);
    return row;
  }

  #findInNode(nodes: ReadNodes, number: number, id: string, access: Access, method: string): Doc | undefined {
    const { namespace, meter } = this.#context;
    const point = reaches(namespace, number, access) ? nodes.point(number, id) : undefined;
    if (point?.document === undefined) {
      if (tryDecodeId(id) === undefined) throw idError(id, method);
      return undefined;
    }
    const { documentBytes } = point;
    if (point.isVisited) meter.countStorage(documentBytes, number);
    meter.countRows(1, documentBytes, 0, number);
    return point.document;
  }

  query(plan: QueryPlan, access: Access): QueryStream {
    const table = this.#table(plan.table, access);
    checkOperators(plan, this.#context.limits.queryOperatorsMax);
    const index = this.#index(plan, table);
    if (index === undefined || table === undefined) return EMPTY_STREAM;
    return this.#stream(plan, table, index, compileRange(index, plan.range), access, false);
  }

  /** @param accepted Called once plan and request were found good, before anything is read. */
  paginate(plan: QueryPlan, request: PageRequest, access: Access, accepted: () => void): Page {
    const table = this.#table(plan.table, access);
    checkOperators(plan, this.#context.limits.queryOperatorsMax);
    // A missing table has the fields that it will have, so that its cursors go on being good.
    const index = this.#index(plan, table) ?? { fields: builtInFields(plan.index) };
    const isMissing = table === undefined || !("number" in index);
    const source = {
      codec: this.#context.state.cursors,
      fingerprint: planFingerprint(plan, index.fields),
      range: isMissing ? { start: "", end: "" } : compileRange(index, plan.range),
      order: plan.order,
      limits: this.#context.limits,
      accepted,
    };
    if (isMissing) return readPage({ ...source, openStream: () => EMPTY_STREAM }, request);
    return readPage(
      { ...source, openStream: (range) => this.#stream(plan, table, index, range, access, true) },
      request,
    );
  }

  count(tableName: string, access: Access): number {
    const { engine, reads, meter } = this.#context;
    const table = this.#table(tableName, access);
    if (table === undefined) return 0;
    reads.openStretch(table.number, PRIMARY, SEEN_FIELDS).end = undefined;
    if (access !== "core") meter.checkRanges(reads);
    return engine.count(table.number);
  }

  normalizeId(tableName: string, id: string, access: Access): string | null {
    const table = this.#table(tableName, access);
    return table !== undefined && tryDecodeId(id)?.tableNumber === table.number ? id : null;
  }

  #table(name: string, access: Access): Table | undefined {
    const { catalogue, namespace, reads } = this.#context;
    const table = findTable(catalogue, namespace, name, access);
    if (table === undefined) reads.addName(tableFact({ component: namespace.component, table: name }));
    return table;
  }

  #checkTable(id: string, number: number, tableName: string, access: Access, method: string): void {
    const table = this.#table(tableName, access);
    if (table?.number === number) return;
    if (tryDecodeId(id) === undefined) throw idError(id, method);
    const found = this.#context.namespace.tableNameOf(number);
    throw new UserError(
      "InvalidArgument",
      `Invalid argument \`id\` for \`db.${method}\`: ID "${id}" is from table ${found === undefined ? `number ${number}` : `"${found}"`}; should be from table "${tableName}"`,
    );
  }

  /** The queryable index that the plan names; `undefined` for the indexes of a missing table that every table has. */
  #index(plan: QueryPlan, table: Table | undefined): Index | undefined {
    const isBuiltIn = plan.index === "by_id" || plan.index === "by_creation_time";
    if (table === undefined && isBuiltIn) return undefined;
    if (table !== undefined && plan.index === "by_id") return table.byId;
    const named = table?.indexes.filter(({ name }) => name === plan.index) ?? [];
    const ready = named.find(({ state }) => state === "ready");
    if (ready !== undefined) return ready;
    const { namespace, reads } = this.#context;
    reads.addName(tableFact(table?.address ?? { component: namespace.component, table: plan.table }));
    const fullName = `${plan.table}.${plan.index}`;
    if (named.some(({ state }) => state === "staged")) {
      throw new UserError(
        "IndexNotQueryable",
        `Index ${fullName} is currently staged and not available to query until it is enabled`,
      );
    }
    if (named.length > 0) {
      throw new UserError(
        "IndexNotQueryable",
        `Index ${fullName} is currently backfilling and not available to query yet.`,
      );
    }
    throw new UserError("IndexNotFound", `Index ${fullName} not found.`);
  }

  #stream(
    plan: QueryPlan,
    table: Table,
    index: Index,
    range: KeyRange,
    access: Access,
    isPage: boolean,
  ): QueryStream & PageRows {
    const { engine, reads, meter, documentAccesses, nodes, makesNodes, log } = this.#context;
    const stages = compileStages(plan.operators);
    const documentAccess = access === "core" ? undefined : documentAccesses?.of(table.number);
    // Hot: written out. Adding fields to a spread object is far dearer in V8 than a literal of all of them; guarded by the "queries" benchmark.
    const source = {
      engine,
      collection: table.number,
      index: index.number,
      range,
      order: plan.order,
      stages,
      reads,
      rule: documentAccess === undefined ? WHOLE_ROWS : this.#rule(stages, documentAccess.isWhole, isPage),
      documentAccess,
      meter: access === "core" ? undefined : meter,
      nodes,
      log,
      showsDropped: isPage,
    };
    const isFromNode =
      access !== "core" &&
      nodes !== undefined &&
      !log.touches(table.number, index.number, range) &&
      (makesNodes || nodes.knows(nodeCallOf(source)));
    return isFromNode ? new NodeStream(source as NodeSource) : new RowStream(source);
  }

  /** What a run takes from the rows of a stream. */
  #rule({ keeps, hasLateFilter }: PlanStages, isWhole: boolean, isPage: boolean): StretchRule {
    const { filters } = this.#context.mechanisms;
    if (!filters && (keeps !== undefined || hasLateFilter)) return WHOLE_ROWS;
    if (keeps === undefined) return isWhole || hasLateFilter ? WHOLE_ROWS : SEEN_FIELDS;
    return { keeps, isWhole: isWhole || hasLateFilter, countsDropped: isPage };
  }
}

function checkOperators(plan: QueryPlan, operatorsMax: number): void {
  if (plan.operators.length <= operatorsMax) return;
  throw new UserError(
    "TooManyQueryOperators",
    `Query has too many operators: ${plan.operators.length} (maximum: ${operatorsMax})`,
  );
}

function idError(id: string, method: string): UserError {
  let reason = "Unable to decode ID";
  try {
    decodeId(id);
  } catch (error) {
    if (error instanceof IdDecodeError) reason = error.message;
  }
  return new UserError("InvalidArgument", `Invalid argument \`id\` for \`db.${method}\`: ${reason}`);
}
