/**
 * The program of the process that checks a store (`check-apart.ts`): a message about progress now and then, one with the report at the end.
 *
 * @module
 */
import { checkDeployment, type DeploymentReport } from "./check-deployment.ts";

/** What it tells its parent. */
export type CheckMessage =
  | { readonly type: "progress"; readonly message: string }
  | { readonly type: "report"; readonly report: DeploymentReport };

function tell(message: CheckMessage): void {
  process.send?.(message);
}

let report: DeploymentReport;
try {
  report = await checkDeployment(process.argv[2] ?? "", (message) => tell({ type: "progress", message }));
} catch (error) {
  const problem = error instanceof Error ? error.message : String(error);
  report = { tables: 0, documents: 0, indexes: 0, files: 0, loose: [], problems: [problem] };
}
tell({ type: "report", report });
process.disconnect();
