/**
 * Checks a store in a process of its own: the storage library ends its process over some kinds of damage, and that is a verdict, too.
 *
 * @module
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { workerEntry } from "../host/worker-entry.ts";
import type { DeploymentReport } from "./check-deployment.ts";
import type { CheckMessage } from "./check-program.ts";

/** See {@linkcode checkDeployment}. @param program For tests: another one than the check's. */
export async function checkApart(
  directory: string,
  onProgress: (message: string) => void = () => undefined,
  program: string = fileURLToPath(workerEntry("kit/check-program")),
): Promise<DeploymentReport> {
  const child = fork(program, [directory], { stdio: ["ignore", "ignore", "inherit", "ipc"], execArgv: [] });
  let report: DeploymentReport | undefined;
  let last = "Opening the store";
  child.on("message", (message: CheckMessage) => {
    if (message.type === "report") report = message.report;
    else onProgress((last = message.message));
  });
  const end = await new Promise<string>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
  if (report !== undefined) return report;
  const problem = `The process that read the store ended by itself (${end}) during "${last}": the base is damaged in a way that the storage library cannot read; restore a backup`;
  return { tables: 0, documents: 0, indexes: 0, files: 0, loose: [], problems: [problem] };
}
