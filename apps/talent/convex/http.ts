/**
 * The app's own model endpoint: what the matching asks when MODEL_URL is not set. It answers by rule, and 429 while the demo says so.
 */
import { httpRouter } from "convex/server";
import { internal } from "./_generated/api.js";
import { httpAction } from "./_generated/server.js";
import type { ModelQuestion } from "./model/askModel.ts";
import { answerQuestion } from "./model/simulatedModel.ts";

const http = httpRouter();

http.route({
  path: "/model",
  method: "POST",
  handler: httpAction(async (ctx, request) => {
    const busyUntil = await ctx.runQuery(internal.demo.modelBusyUntil, {});
    if (Date.now() < busyUntil) return Response.json({ error: "rate limit" }, { status: 429 });
    const input = answerQuestion((await request.json()) as ModelQuestion);
    return Response.json({ model: "by-rule-1", content: [{ type: "tool_use", name: "score_matches", input }] });
  }),
});

export default http;
