/**
 * `narrowcast top`: what a running deployment reads, runs again and sends, dearest first, as it happens.
 *
 * On a terminal it redraws every second and listens to keys; in a pipe, or with `--once`, it prints one table and ends.
 *
 * @module
 */
import type { LedgerReport } from "@narrowcast/server";
import type { CommandContext } from "./context.ts";
import { ServerClient } from "./server-client.ts";
import { TOP_VIEWS, topText, type TopView } from "./top-view.ts";

export interface TopOptions {
  readonly url: string;
  readonly adminKey: string;
  readonly once: boolean;
  readonly json: boolean;
  readonly view: TopView;
  /** Between two looks, in milliseconds. */
  readonly intervalMs: number;
}

const COLUMNS_DEFAULT = 160;
const ROWS_MAX = 200;
const KEYS: { readonly [key: string]: TopView } = { f: "functions", s: "subscriptions", p: "pairs", t: "tables" };
const HELP = "f functions  s subscriptions  p pairs  t tables  tab next  q quit";

const SCREEN_ON = "\u001b[?1049h\u001b[?25l";
const SCREEN_OFF = "\u001b[?25h\u001b[?1049l";
const HOME = "\u001b[H";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";
const CTRL_C = "\u0003";

export async function topCommand(context: CommandContext, options: TopOptions): Promise<number> {
  const client = new ServerClient(options.url, options.adminKey);
  const look = async (): Promise<LedgerReport> =>
    (await client.get(`/api/narrowcast/ledger?rows=${ROWS_MAX}&recent=0`)) as LedgerReport;
  if (options.json) {
    context.stdout.write(`${JSON.stringify(await look(), null, 2)}\n`);
    return 0;
  }
  if (options.once || context.stdout.isTTY !== true) {
    const columns = context.stdout.columns ?? COLUMNS_DEFAULT;
    context.stdout.write(`${topText(await look(), options.view, { columns, rows: undefined }, context.colours)}\n`);
    return 0;
  }
  await watch(context, options, look);
  return 0;
}

/** Draws until `q`, Ctrl-C or a signal. */
async function watch(context: CommandContext, options: TopOptions, look: () => Promise<LedgerReport>): Promise<void> {
  const { stdout, colours } = context;
  const screen = { view: options.view, report: await look() };
  const draw = (): void => {
    const { columns = COLUMNS_DEFAULT, rows } = stdout;
    const size = { columns, rows: rows === undefined ? undefined : rows - 1 };
    const text = `${topText(screen.report, screen.view, size, colours)}\n${colours.dim(HELP)}`;
    stdout.write(`${HOME}${text.replaceAll("\n", `${CLEAR_LINE}\n`)}${CLEAR_LINE}${CLEAR_BELOW}`);
  };
  const stopped = new AbortController();
  const signal = AbortSignal.any([context.signal, stopped.signal]);
  const forget = listen(context, (key) => {
    if (key === "q" || key === CTRL_C) stopped.abort();
    else if (key === "\t") screen.view = next(screen.view);
    else screen.view = KEYS[key] ?? screen.view;
    draw();
  });
  stdout.write(SCREEN_ON);
  try {
    while (!signal.aborted) {
      draw();
      await pause(options.intervalMs, signal);
      if (!signal.aborted) screen.report = await look();
    }
  } finally {
    stdout.write(SCREEN_OFF);
    forget();
  }
}

function next(view: TopView): TopView {
  return TOP_VIEWS[(TOP_VIEWS.indexOf(view) + 1) % TOP_VIEWS.length] ?? "functions";
}

function listen({ stdin }: CommandContext, onKey: (key: string) => void): () => void {
  if (stdin?.isTTY !== true) return () => undefined;
  const onData = (data: Buffer): void => onKey(data.toString("utf8"));
  stdin.setRawMode(true);
  stdin.on("data", onData);
  stdin.resume();
  return () => {
    stdin.off("data", onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end);
  });
}
