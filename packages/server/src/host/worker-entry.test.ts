import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { workerExecArgv } from "./worker-entry.ts";

test("workerExecArgv() keeps what concerns a thread and nothing that a worker refuses", async () => {
  const execArgv = [
    "--expose-gc",
    "--max-old-space-size=512",
    "--import",
    "tsx",
    "--conditions=x",
    "--enable-source-maps",
  ];
  expect(workerExecArgv(execArgv)).toEqual(["--enable-source-maps"]);
  const worker = new Worker("", { eval: true, execArgv: workerExecArgv(execArgv) });
  expect(await new Promise((resolve) => worker.once("exit", resolve))).toBe(0);
});
