/**
 * A model that answers by rule: the same profile and opportunities give the same scores.
 */
import type { ModelAnswer, ModelQuestion } from "./askModel.ts";
import type { Id } from "../_generated/dataModel.js";

/** Below this an opportunity is no match. */
const SCORE_MIN = 40;
const TIERS = [
  { tier: "great", from: 78 },
  { tier: "good", from: 60 },
  { tier: "exploring", from: SCORE_MIN },
] as const;
const PRIORITIES = ["high", "medium", "low"] as const;

interface Asked {
  readonly profile: string;
  readonly opportunities: readonly {
    readonly id: Id<"opportunities">;
    readonly title: string;
    readonly organization: string;
    readonly roleType: string;
    readonly requirements: readonly string[];
  }[];
}

/** The answer to one question. @throws When the question's text is not the JSON that this app sends. */
export function answerQuestion(question: Pick<ModelQuestion, "messages">): ModelAnswer {
  const { profile, opportunities } = JSON.parse(question.messages[0]?.content ?? "") as Asked;
  const text = profile.toLowerCase();
  const scored = opportunities.map((opportunity) => {
    const known = opportunity.requirements.filter((each) => text.includes(each.toLowerCase()));
    const missing = opportunity.requirements.filter((each) => !known.includes(each));
    const luck = hash(`${opportunity.title} ${opportunity.organization} ${profile.slice(0, 40)}`) % 55;
    return { opportunity, known, missing, score: Math.min(98, 25 + luck + known.length * 12) };
  });
  const fitting = scored.filter(({ score }) => score >= SCORE_MIN);
  return {
    matches: fitting.map(({ opportunity, known, missing, score }) => ({
      opportunityId: opportunity.id,
      tier: TIERS.find(({ from }) => score >= from)!.tier,
      score,
      explanation: {
        strengths: [
          known.length === 0 ? `Open to ${opportunity.roleType} work` : `Brings ${known.join(" and ")}`,
          `${opportunity.organization} works on what the profile is interested in`,
        ],
        ...(missing[0] === undefined ? {} : { gap: `No sign of ${missing[0]} yet` }),
      },
      probability: {
        interviewChance: score >= 78 ? "likely" : "possible",
        ranking: score >= 78 ? "top 10 %" : "top 40 %",
        confidence: known.length > 1 ? "high" : "medium",
      },
      recommendations: missing.slice(0, 3).map((skill, index) => ({
        type: "skill" as const,
        action: `Show a project with ${skill}`,
        priority: PRIORITIES[index]!,
      })),
    })),
    growthAreas: [{ theme: "Skills", items: [...new Set(fitting.flatMap(({ missing }) => missing))] }],
  };
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
