/**
 * The global `Convex` object of queries and mutations: what a bundle's own `convex/server` calls.
 *
 * The server runs handlers with its own `ctx` (`ctx.ts`), which spares a JSON text for every read. This is the same over JSON, for what still comes
 * through the library: `invokeQuery`, `createFunctionHandle`, packages that use the library's internals.
 *
 * Source: the operations of `convex/server` 1.48. Where both ways exist, both must give the same.
 *
 * @module
 */
import { jsonToValue, valueToJson } from "@narrowcast/values";
import type { JsonValue, Value } from "@narrowcast/values";
import type { QueryStream } from "../tx/types.ts";
import {
  deploymentMetadata,
  functionMetadata,
  identityClaims,
  snapshotTs,
  transactionMetrics,
  cancelScheduled,
} from "./ctx-services.ts";
import { createMutationStorage } from "./ctx-storage.ts";
import type { NestedCall } from "./ctx.ts";
import { addressedPath, argumentsText, functionHandle } from "../isolate/function-reference.ts";
import type { Scope } from "./run.ts";
import { isReadingStorage, isStorageSyscall, storageSyscall } from "./storage-syscalls.ts";
import { parsePlan, textArgument } from "./syscall-plan.ts";
import type { SyscallArguments as Arguments } from "./syscall-plan.ts";
import type { HostSyscalls } from "../isolate/syscalls-types.ts";
import { asUserCaused, isConvexError } from "../isolate/user-error.ts";

type Fields = { readonly [field: string]: Value | undefined };

/** The operations of one function under way. */
export class ScopeSyscalls implements HostSyscalls {
  readonly #scope: Scope;
  readonly #call: NestedCall;
  readonly #streams = new Map<number, QueryStream>();
  #streamsOpened = 0;

  constructor(scope: Scope, call: NestedCall) {
    this.#scope = scope;
    this.#call = call;
  }

  syscall(op: string, text: string): string {
    const args = JSON.parse(text) as Arguments;
    switch (op) {
      case "1.0/queryStream":
        return this.#openStream(args);
      case "1.0/queryCleanup":
        return this.#closeStream(Number(args["queryId"]));
      case "1.0/db/normalizeId": {
        const table = textArgument(args, "table");
        return JSON.stringify({
          id: this.#scope.tx.normalizeId(table, textArgument(args, "idString"), table.startsWith("_")),
        });
      }
      case "1.0/getSnapshotTs":
        return render(snapshotTs(this.#scope.tx.startMs));
      default:
        throw new Error(`Unknown operation ${op}`);
    }
  }

  async asyncSyscall(op: string, text: string): Promise<string> {
    while (this.#scope.busy !== undefined) await this.#scope.busy;
    try {
      return await this.#perform(op, JSON.parse(text) as Arguments);
    } catch (thrown) {
      // The library makes a ConvexError of its own from `data`, which it expects as Convex JSON.
      if (isConvexError(thrown)) throw Object.assign(new Error(thrown.message), { data: valueToJson(thrown.data) });
      throw asUserCaused(thrown);
    }
  }

  jsSyscall(op: string, _args: { readonly [name: string]: unknown }): unknown {
    throw new Error(`Unknown operation ${op}`);
  }

  #perform(op: string, args: Arguments): Promise<string> | string {
    switch (op) {
      case "1.0/get":
        return render(
          this.#scope.tx.get(textArgument(args, "id"), optionalText(args["table"]), args["isSystem"] === true),
        );
      case "1.0/queryStreamNext":
        return this.#nextOfStream(Number(args["queryId"]));
      case "1.0/queryPage":
        return this.#page(args);
      case "1.0/count":
        return render(this.#scope.tx.count(textArgument(args, "table")));
      case "1.0/insert":
      case "1.0/shallowMerge":
      case "1.0/replace":
      case "1.0/remove":
      case "1.0/schedule":
      case "1.0/cancel_job":
        return this.#write(op, args);
      case "1.0/runUdf":
        return this.#runFunction(args);
      case "1.0/createFunctionHandle":
        return JSON.stringify(functionHandle(addressedPath(args)));
      case "1.0/getUserIdentity":
        this.#scope.run.identityObserved = true;
        return JSON.stringify(identityClaims(this.#scope.run.request.identity));
      default:
        return isStorageSyscall(op) ? this.#storage(op, args) : this.#describe(op);
    }
  }

  #write(op: string, args: Arguments): string {
    const { tx, kind, run } = this.#scope;
    if (kind !== "mutation") throw new Error(`Cannot write in a query: ${op} is for mutations`);
    const table = optionalText(args["table"]);
    const id = optionalText(args["id"]) ?? "";
    switch (op) {
      case "1.0/insert":
        return JSON.stringify({
          _id: tx.insert(textArgument(args, "table"), jsonToValue(args["value"] ?? null) as Fields),
        });
      case "1.0/shallowMerge":
        tx.patch(id, patchFields(args["value"] as Arguments), table);
        return "null";
      case "1.0/replace":
        tx.replace(id, jsonToValue(args["value"] ?? null) as Fields, table);
        return "null";
      case "1.0/remove":
        tx.delete(id, table);
        return "null";
      case "1.0/schedule":
        // The library counts seconds here.
        return JSON.stringify(
          run.host.schedule(
            tx,
            addressedPath(args),
            argumentsText(jsonToValue(args["args"] ?? {})),
            Number(args["ts"]) * 1_000,
          ),
        );
      default:
        cancelScheduled(run, id);
        return "null";
    }
  }

  async #runFunction(args: Arguments): Promise<string> {
    const kind = optionalText(args["udfType"]);
    const isWrong = kind === "mutation" && this.#scope.kind === "query";
    if ((kind !== "query" && kind !== "mutation") || isWrong) {
      throw new Error(`Cannot run a function as ${String(kind)} from a ${this.#scope.kind}`);
    }
    const text = argumentsText(jsonToValue(args["args"] ?? {}));
    return render(await this.#call(this.#scope, kind, addressedPath(args), text, args["transactionLimits"]));
  }

  #openStream(args: Arguments): string {
    const { plan, isSystem } = parsePlan(args["query"]);
    const queryId = this.#streamsOpened++;
    this.#streams.set(queryId, this.#scope.tx.query(plan, isSystem));
    return JSON.stringify({ queryId });
  }

  #nextOfStream(queryId: number): string {
    this.#scope.assertOpen();
    const value = this.#streams.get(queryId)?.next();
    return JSON.stringify({ value: value === undefined ? null : valueToJson(value), done: value === undefined });
  }

  #closeStream(queryId: number): string {
    this.#streams.get(queryId)?.close();
    this.#streams.delete(queryId);
    return "{}";
  }

  #page(args: Arguments): string {
    const { plan, isSystem } = parsePlan(args["query"]);
    const { run, depth, tx } = this.#scope;
    const journal = depth === 0 ? run.request.journal : null;
    const page = tx.paginate(
      plan,
      {
        cursor: optionalText(args["cursor"]) ?? null,
        endCursor: optionalText(args["endCursor"]) ?? journal,
        numItems: Number(args["pageSize"]),
        maximumRowsRead: optionalNumber(args["maximumRowsRead"]),
        maximumBytesRead: optionalNumber(args["maximumBytesRead"]),
      },
      isSystem,
    );
    if (depth === 0) run.journal = page.continueCursor;
    return JSON.stringify({ ...page, page: page.page.map((doc) => valueToJson(doc)) });
  }

  #storage(op: string, args: Arguments): Promise<string> {
    const isQuery = this.#scope.kind === "query";
    if (isQuery && !isReadingStorage(op)) throw new Error(`Cannot change files in a query: ${op} is for mutations`);
    return storageSyscall(createMutationStorage(this.#scope), op, args);
  }

  #describe(op: string): string {
    const { tx, run, info } = this.#scope;
    switch (op) {
      case "1.0/getTransactionMetrics":
        tx.noteUsageSeen();
        return JSON.stringify(transactionMetrics(tx.usage, run.fileUsage, tx.limits, run.fileLimits));
      case "1.0/getFunctionMetadata":
        return JSON.stringify(functionMetadata(info.path));
      case "1.0/getDeploymentMetadata":
        return JSON.stringify(deploymentMetadata(run.host.cloudUrl));
      default:
        throw new Error(`Unknown async operation ${op}`);
    }
  }
}

function render(value: Value): string {
  return JSON.stringify(valueToJson(value));
}

function optionalText(json: JsonValue | undefined): string | undefined {
  return typeof json === "string" ? json : undefined;
}

function optionalNumber(json: JsonValue | undefined): number | undefined {
  return typeof json === "number" ? json : undefined;
}

/** Fields of a patch: `{"$undefined": null}` removes one. */
function patchFields(json: Arguments): Fields {
  const fields: { [field: string]: Value | undefined } = {};
  for (const [name, value] of Object.entries(json)) {
    const isRemoval = typeof value === "object" && value !== null && "$undefined" in value;
    fields[name] = isRemoval || value === undefined ? undefined : jsonToValue(value);
  }
  return fields;
}
