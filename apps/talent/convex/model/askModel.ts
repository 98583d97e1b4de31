/**
 * The language model: one question for each batch, answered through a forced tool.
 *
 * The endpoint is the environment variable MODEL_URL; without it the app's own, `http.ts`, which answers by rule.
 */
import type { Doc } from "../_generated/dataModel.js";
import type { GrowthArea, MatchInput } from "./matchFields.ts";

const TOOL = "score_matches";
const MODEL = "matcher-1";
const PROMPT =
  "You match people with openings. Score each opportunity for the profile from 0 to 100, say what speaks for it and what is missing.";

/** What is sent; the app's own endpoint reads the same. */
export interface ModelQuestion {
  readonly model: string;
  readonly max_tokens: number;
  readonly system: string;
  readonly tools: readonly { readonly name: string; readonly input_schema: object }[];
  readonly tool_choice: { readonly type: "tool"; readonly name: string };
  readonly messages: readonly { readonly role: "user"; readonly content: string }[];
}

/** What the tool is given. */
export interface ModelAnswer {
  readonly matches: MatchInput[];
  readonly growthAreas: GrowthArea[];
}

/** The model did not answer; `status` is that of the response, 0 without one. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Asks about one batch. @throws {ModelError} When the model refuses or answers something else. */
export async function askModel(
  profileText: string,
  opportunities: readonly Doc<"opportunities">[],
): Promise<ModelAnswer & { readonly modelVersion: string }> {
  const url = process.env["MODEL_URL"] ?? `${process.env["CONVEX_SITE_URL"]}/model`;
  const content = JSON.stringify({ profile: profileText, opportunities: opportunities.map(describe) });
  const question: ModelQuestion = {
    model: MODEL,
    max_tokens: 4_096,
    system: PROMPT,
    tools: [{ name: TOOL, input_schema: { type: "object" } }],
    tool_choice: { type: "tool", name: TOOL },
    messages: [{ role: "user", content }],
  };
  const response = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(question),
  });
  if (!response.ok) throw new ModelError(`The model answered ${response.status}`, response.status);
  const answer = (await response.json()) as {
    model?: string;
    content?: { readonly type: string; readonly input?: Partial<ModelAnswer> }[];
  };
  const input = answer.content?.find(({ type }) => type === "tool_use")?.input;
  if (!Array.isArray(input?.matches)) throw new ModelError("The model did not use its tool", response.status);
  return { matches: input.matches, growthAreas: input.growthAreas ?? [], modelVersion: answer.model ?? MODEL };
}

/** Whether an error says "not so fast". */
export function isRateLimit(error: unknown): boolean {
  if (error instanceof ModelError && error.status === 429) return true;
  const message = error instanceof Error ? error.message.toLowerCase() : String(error);
  return message.includes("rate") || message.includes("429");
}

/** A profile as the model reads it. */
export function profileText(profile: Doc<"profiles">): string {
  const { name, headline, location, skills, careerGoals, aiSafetyInterests, seeking, enrichmentSummary } = profile;
  const work = (profile.workHistory ?? []).map(({ title, organization }) => `${title}, ${organization}`);
  const lines = [
    ["Name", name],
    ["Headline", headline],
    ["Location", location],
    ["Skills", skills?.join(", ")],
    ["Interests", aiSafetyInterests?.join(", ")],
    ["Work", work.join("; ")],
    ["Goals", careerGoals],
    ["Seeking", seeking],
    ["Summary", enrichmentSummary],
  ] as const;
  return lines
    .filter(([, text]) => text !== undefined && text !== "")
    .map(([label, text]) => `${label}: ${text}`)
    .join("\n");
}

function describe(opportunity: Doc<"opportunities">) {
  const { _id, title, organization, location, isRemote, roleType, requirements, description } = opportunity;
  return { id: _id, title, organization, location, isRemote, roleType, requirements, description };
}
