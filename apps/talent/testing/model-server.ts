/**
 * A language model on loopback that answers as a test tells it to, and notes when it was asked.
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelQuestion } from "../convex/model/askModel.ts";
import { answerQuestion } from "../convex/model/simulatedModel.ts";

/** One question as it arrived. */
export interface Asked {
  /** By the clock of the test. */
  readonly at: number;
  /** Ids of the opportunities. */
  readonly ids: readonly string[];
}

/** What the model does with a question: answers by rule, with this status, with this input of the tool, or not at all. */
export type Reply = "by rule" | "hang" | { readonly status: number } | { readonly input: object };

/** See the module comment. */
export interface ModelServer {
  readonly url: string;
  readonly asked: Asked[];
  /** Decides what becomes of a question; `number` counts from 0. */
  script: (question: Asked, number: number) => Reply;
  /** Forgets what was asked and answers by rule again. */
  reset(): void;
  close(): Promise<void>;
}

/** @param now The test's clock. */
export async function startModelServer(now: () => number): Promise<ModelServer> {
  const byRule = (): Reply => "by rule";
  const server = createServer((request, response) => {
    void readBody(request).then((text) => {
      const question = JSON.parse(text) as ModelQuestion;
      const { opportunities } = JSON.parse(question.messages[0]!.content) as {
        opportunities: readonly { readonly id: string }[];
      };
      const asked = { at: now(), ids: opportunities.map(({ id }) => id) };
      model.asked.push(asked);
      const reply = model.script(asked, model.asked.length - 1);
      if (reply === "hang") return;
      if (typeof reply === "object" && "status" in reply) {
        response.writeHead(reply.status).end();
        return;
      }
      const input = reply === "by rule" ? answerQuestion(question) : reply.input;
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify({ model: "scripted-1", content: [{ type: "tool_use", input }] }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  // A program that only waits for questions may end.
  server.unref();
  const model: ModelServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    script: byRule,
    reset() {
      model.asked.length = 0;
      model.script = byRule;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return model;
}

/** What the tool is given when every opportunity fits. */
export function allFit(ids: readonly string[], growthAreas: readonly object[] = []): { readonly input: object } {
  const matches = ids.map((opportunityId) => ({
    opportunityId,
    tier: "good",
    score: 70,
    explanation: { strengths: ["Fits"] },
    probability: { interviewChance: "possible", ranking: "top 40 %", confidence: "medium" },
    recommendations: [],
  }));
  return { input: { matches, growthAreas } };
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}
