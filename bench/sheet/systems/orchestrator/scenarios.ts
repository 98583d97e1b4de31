/**
 * The scenarios of the sheet: which parts are open, and what is written.
 *
 * A scenario of one part plays what changes that part, whichever form shows it. Where the *before* form's one query for many parts is told of something
 * that the part alone does not show, that is a scenario of its own.
 *
 * @module
 */
import { between, seededRandom } from "../../../../apps/orchestrator/convex/model/seedText.ts";
import type { SheetSize } from "../../size.ts";
import type { Scenario } from "../../system.ts";
import type { Facts } from "./facts.ts";
import { PAGE_PARTS, RUNNER_PARTS, type Part } from "./forms.ts";
import { Player } from "./player.ts";

/** A scenario by what is open and what is done. */
interface Script {
  readonly name: string;
  readonly about: string;
  readonly page: readonly Part[];
  readonly runner: readonly Part[];
  readonly plays: (size: SheetSize) => number;
  readonly play: (player: Player, size: SheetSize) => Promise<void>;
}

const MINUTE_MS = 60_000;
const DAY_SEED = 5;
/** Least and most minutes between two transitions. */
const TRANSITION_MINUTES = [5, 20] as const;
/** A person asks the agent so often; it takes {@linkcode CHAT_MINUTES} to answer. */
const CHAT_EVERY_MINUTES = 30;
const CHAT_MINUTES = 3;
const TICKS_PER_MINUTE = 3;

const many = ({ plays }: SheetSize): number => plays;

const SCRIPTS: readonly Script[] = [
  {
    name: "sidebar",
    about: "an assignment is blocked, or unblocked",
    page: ["sidebar"],
    runner: [],
    plays: many,
    play: (player) => player.toggleBlock(),
  },
  {
    name: "sidebar, an artifact",
    about: "an assignment is noted upon; no count changes",
    page: ["sidebar"],
    runner: [],
    plays: many,
    play: (player) => player.noteArtifacts(),
  },
  {
    name: "badges",
    about: "the direction of one of the ten threads' assignments is judged",
    page: ["badges"],
    runner: [],
    plays: many,
    play: (player) => player.judge(),
  },
  {
    name: "badges, a tick",
    about: "a heartbeat of a job, which no badge shows",
    page: ["badges"],
    runner: [],
    plays: many,
    play: (player) => player.tick(),
  },
  {
    name: "chain pane",
    about: "three heartbeats, then a note in the assignment",
    page: ["chain"],
    runner: [],
    plays: many,
    play: async (player) => {
      for (let tick = 0; tick < TICKS_PER_MINUTE; tick++) await player.tick();
      await player.noteArtifacts();
    },
  },
  {
    name: "typing",
    about: "a question, the chat job with one heartbeat, the answer",
    page: ["typing"],
    runner: [],
    plays: many,
    play: async (player) => {
      const job = await player.askAgent();
      await player.chatTick(job);
      await player.answer(job);
    },
  },
  {
    name: "ready jobs",
    about: "three heartbeats, then a group ends and the next one starts",
    page: [],
    runner: ["readyJobs"],
    plays: many,
    play: async (player) => {
      for (let tick = 0; tick < TICKS_PER_MINUTE; tick++) await player.tick();
      await player.transition();
    },
  },
  {
    name: "tick",
    about: "one heartbeat, with all of a page and a runner open",
    page: PAGE_PARTS,
    runner: RUNNER_PARTS,
    plays: (size) => size.plays * 4,
    play: (player) => player.tick(),
  },
  {
    name: "transition",
    about: "a group ends and the next one starts, with all open",
    page: PAGE_PARTS,
    runner: RUNNER_PARTS,
    plays: many,
    play: (player) => player.transition(),
  },
  {
    name: "chat message",
    about: "a message of a person, with all open",
    page: PAGE_PARTS,
    runner: RUNNER_PARTS,
    plays: many,
    play: (player) => player.message("user"),
  },
  {
    name: "day",
    about: "8 hours: three heartbeats a minute, a transition every 5 to 20 minutes, a chat every 30, with all open",
    page: PAGE_PARTS,
    runner: RUNNER_PARTS,
    plays: () => 1,
    play: day,
  },
];

export const SCENARIOS: readonly Scenario<Facts>[] = SCRIPTS.map(({ name, about, page, runner, plays, play }) => ({
  name,
  about,
  plays,
  ...(name === "day" ? { perDay: 1 } : {}),
  open: async (stage) => {
    const player = new Player(stage, page);
    await player.subscribe(runner);
    return () => play(player, stage.size);
  },
}));

/** The day minute by minute; the same one for the same size. */
export async function day(player: Player, { dayMinutes }: Pick<SheetSize, "dayMinutes">): Promise<void> {
  const random = seededRandom(DAY_SEED);
  const { clock } = player.world;
  const startMs = clock.nowMs();
  let nextTransition = between(random, ...TRANSITION_MINUTES);
  let chat: { readonly job: string; readonly endMinute: number } | undefined;
  for (let minute = 1; minute <= dayMinutes; minute++) {
    clock.moveTo(startMs + minute * MINUTE_MS);
    for (let tick = 0; tick < TICKS_PER_MINUTE; tick++) await player.tick();
    if (minute % CHAT_EVERY_MINUTES === 1) chat = { job: await player.askAgent(), endMinute: minute + CHAT_MINUTES };
    else if (chat !== undefined && minute < chat.endMinute) await player.chatTick(chat.job);
    else if (chat !== undefined) {
      await player.answer(chat.job);
      chat = undefined;
    }
    if (minute < nextTransition) continue;
    await (player.isAtEnd ? player.nextAssignment() : player.transition());
    await player.noteArtifacts();
    nextTransition = minute + between(random, ...TRANSITION_MINUTES);
  }
}
