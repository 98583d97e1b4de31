/**
 * How long queries wait while an app is pushed whose "use node" modules take 700 ms to import.
 *
 * Expected before measuring: those modules are evaluated in an action thread, so a query waits for the evaluation of the other modules and for
 * the commit only: some milliseconds on two processors.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { bundleApp, startDeployment, type CodePackage, type RunningDeployment } from "@narrowcast/server";
import { median } from "../compare.ts";
import { pause } from "../load.ts";
import type { Row } from "../rows.ts";
import { checked } from "../rows.ts";
import type { Scale } from "../scale.ts";

const NOBODY = { kind: "none", key: "", attributes: null } as const;
const UNSET = "http://127.0.0.1:0";
/** Between two queries. */
const PAUSE_MS = 5;
const WAIT_MS_MAX = 50;

export async function deploy(scale: Scale): Promise<Row[]> {
  const { code } = await bundleApp(fileURLToPath(new URL("../apps/slow-import/convex", import.meta.url)));
  const deployment = await startDeployment({ cloudUrl: UNSET, siteUrl: UNSET });
  try {
    await push(deployment, code, 0);
    const rounds: { readonly pushMs: number; readonly waitMs: number; readonly quietMs: number }[] = [];
    for (let round = 1; round <= scale.rounds; round += 1) {
      const startMs = performance.now();
      const waitMs = await worstWait(deployment, push(deployment, code, round));
      const pushMs = performance.now() - startMs;
      rounds.push({ pushMs, waitMs, quietMs: await worstWait(deployment, pause(pushMs)) });
    }
    const middle = (of: (round: (typeof rounds)[number]) => number): number => median(rounds.map(of));
    return [
      checked(
        {
          name: "longest wait of a query during a push, 700 ms of node imports",
          value: middle(({ waitMs }) => waitMs),
          unit: "ms",
          limit: { name: "without a push", value: middle(({ quietMs }) => quietMs) },
          note: `the push took ${middle(({ pushMs }) => pushMs).toFixed(0)} ms`,
        },
        "value",
        "<=",
        WAIT_MS_MAX,
      ),
    ];
  } finally {
    await deployment.close();
  }
}

/** Pushes code whose node modules are new each round: what is known is not evaluated again. */
async function push(deployment: RunningDeployment, code: CodePackage, round: number): Promise<void> {
  if (code.node === null) throw new Error("Cannot measure: the app has no node modules");
  const node = { ...code.node, source: `${code.node.source}\n// round ${round}` };
  const outcome = await deployment.push({ ...code, node });
  if (!outcome.ok) throw new Error(`Cannot push the app: ${outcome.message}`);
}

/** The longest time that a query took until `end`. */
async function worstWait(deployment: RunningDeployment, end: Promise<unknown>): Promise<number> {
  const under = { isOver: false };
  const over = end.finally(() => {
    under.isOver = true;
  });
  let worstMs = 0;
  for (let asked = 0; !under.isOver; asked += 1) {
    const startMs = performance.now();
    const args = JSON.stringify({ asked });
    const call = { path: "items:last", args, identity: NOBODY, allowInternal: false, requestId: "0123456789abcdef" };
    const outcome = await deployment.query(call);
    if (!outcome.ok) throw new Error(outcome.errorMessage);
    worstMs = Math.max(worstMs, performance.now() - startMs);
    await pause(PAUSE_MS);
  }
  await over;
  return worstMs;
}
