/**
 * The global `Convex` object of actions: what a bundle's own `convex/server` calls there. See `syscalls.ts`.
 *
 * @module
 */
import { jsonToValue, parseValue, valueToJson } from "@narrowcast/values";
import { actionSchedulePort } from "./ctx-action.ts";
import type { ActionFacts } from "./ctx-action.ts";
import type { ActionPort } from "../functions/action-port.ts";
import { deploymentMetadata, functionMetadata, identityClaims } from "../functions/ctx-services.ts";
import { createActionStorage } from "../functions/ctx-storage.ts";
import { addressedFunction, argumentsText, functionHandle } from "../isolate/function-reference.ts";
import { isStorageSyscall, storageSyscall } from "../functions/storage-syscalls.ts";
import { textArgument } from "../functions/syscall-plan.ts";
import type { SyscallArguments as Arguments } from "../functions/syscall-plan.ts";
import type { HostSyscalls } from "../isolate/syscalls-types.ts";
import { isConvexError } from "../isolate/user-error.ts";

/** The operations of one action under way. */
export class ActionSyscalls implements HostSyscalls {
  readonly #facts: ActionFacts;
  readonly #port: ActionPort;

  constructor(facts: ActionFacts, port: ActionPort) {
    this.#facts = facts;
    this.#port = port;
  }

  syscall(op: string): string {
    throw new Error(`Unknown operation ${op}`);
  }

  async asyncSyscall(op: string, text: string): Promise<string> {
    try {
      return await this.#perform(op, JSON.parse(text) as Arguments);
    } catch (thrown) {
      if (isConvexError(thrown)) throw Object.assign(new Error(thrown.message), { data: valueToJson(thrown.data) });
      throw thrown;
    }
  }

  jsSyscall(op: string, args: { readonly [name: string]: unknown }): unknown {
    const storage = createActionStorage(this.#port);
    if (op === "storage/storeBlob") return storage.store(args["blob"], args["options"] as object | undefined);
    if (op === "storage/getBlob") return storage.get(args["storageId"]);
    throw new Error(`Unknown operation ${op}`);
  }

  async #perform(op: string, args: Arguments): Promise<string> {
    const { component } = this.#facts;
    const schedule = actionSchedulePort(component, this.#port);
    switch (op) {
      case "1.0/actions/query":
        return this.#run("query", args);
      case "1.0/actions/mutation":
        return this.#run("mutation", args);
      case "1.0/actions/action":
        return this.#run("action", args);
      case "1.0/actions/schedule":
        return JSON.stringify(
          await schedule.schedule(addressedFunction(args, component), textOf(args), Number(args["ts"]) * 1_000),
        );
      case "1.0/actions/cancel_job":
        await schedule.cancel(textArgument(args, "id"));
        return "null";
      case "1.0/createFunctionHandle":
        return JSON.stringify(functionHandle(addressedFunction(args, component)));
      case "1.0/getUserIdentity":
        return JSON.stringify(identityClaims(this.#facts.message.identity));
      case "1.0/getFunctionMetadata":
        return JSON.stringify(functionMetadata(this.#facts));
      case "1.0/getDeploymentMetadata":
        return JSON.stringify(deploymentMetadata(this.#facts.cloudUrl));
      default:
        if (isStorageSyscall(op)) return storageSyscall(createActionStorage(this.#port), op, args);
        throw new Error(`Unknown async operation ${op}`);
    }
  }

  async #run(op: "query" | "mutation" | "action", args: Arguments): Promise<string> {
    const text = await this.#port.call({ op, ...addressedFunction(args, this.#facts.component), args: textOf(args) });
    return JSON.stringify(valueToJson(parseValue(text)));
  }
}

function textOf(args: Arguments): string {
  return argumentsText(jsonToValue(args["args"] ?? {}));
}
