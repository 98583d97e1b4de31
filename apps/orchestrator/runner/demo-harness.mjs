#!/usr/bin/env node
/**
 * An agent for demonstrations: reads a prompt, works for a while, prints tool calls, tokens and a report.
 *
 *   DEMO_STEPS      how many tool calls of a job, 8 unless given; a chat takes a sixth of them
 *   DEMO_STEP_MS    pause before each, 700 unless given; the real pause varies around it
 *   DEMO_FAIL       exit with this code after the work
 *
 * It talks the runner's default line protocol: "[tool] …", "[subagent] …", "[tokens] n", "[session] id", "[alignment] …".
 */
import { setTimeout as sleep } from "node:timers/promises";

const jobType = process.env.WORKFLOW_JOB_TYPE ?? "job";
const jobSteps = Number(process.env.DEMO_STEPS ?? 8);
// A person waits for a chat.
const steps = jobType === "chat" ? Math.ceil(jobSteps / 6) : jobSteps;
const stepMs = Number(process.env.DEMO_STEP_MS ?? 700);

// Works on when nobody reads any more, as an agent does whose runner was killed.
process.stdout.on("error", () => undefined);

let prompt = "";
for await (const piece of process.stdin) prompt += piece;
const task = section("Your job") || section("Message") || section("Report") || "the task";
const goal = section("North star").split("\n")[0];

const TOOLS = [
  "read src/checkout.ts",
  "search idempotency",
  "run npm test",
  "edit src/payments.ts",
  "read the log of last night",
  "run the replay",
];
let tokens = Math.round(prompt.length / 4);
for (let step = 0; step < steps; step++) {
  await sleep(stepMs * (0.6 + 0.8 * Math.random()));
  console.log(`[tool] ${TOOLS[(step + prompt.length) % TOOLS.length]}`);
  if (step % 5 === 4) console.log("[subagent] second pair of eyes");
  tokens += 400 + Math.round(Math.random() * 2400);
  console.log(`[tokens] ${tokens}`);
}
if (jobType === "chat") {
  console.log(answer());
  if (prompt.includes("guardian of this assignment")) console.log("[alignment] aligned");
  if (!process.env.WORKFLOW_SESSION_ID) console.log(`[session] demo-${process.pid}`);
} else {
  console.log(report());
}
process.exitCode = Number(process.env.DEMO_FAIL ?? 0);

/** The text under a heading of the prompt. */
function section(heading) {
  const start = prompt.indexOf(`# ${heading}\n`);
  if (start < 0) return "";
  const rest = prompt.slice(start + heading.length + 3);
  const end = rest.search(/\n# /);
  return (end < 0 ? rest : rest.slice(0, end)).trim();
}

function answer() {
  if (prompt.includes("guardian of this assignment"))
    return "The report serves the goal; nothing in it goes elsewhere.";
  const quote = task.length > 140 ? `${task.slice(0, 139)}…` : task;
  return `I looked at it: “${quote}”\n\nTwo things matter here: what happens when the network goes away in the middle, and who reads the result. I would begin with a test for the first.`;
}

function report() {
  const about = goal === "" ? "" : ` for “${goal}”`;
  if (jobType === "pm")
    return `All results were compared with the north star${about}. Nothing is missing; no further group is needed.`;
  const line = task.split("\n").at(-1);
  return `Done${about}: ${line}\n\n- ${steps} steps, all checks green\n- no change to the public interface\n- one open question is written down in the decisions`;
}
