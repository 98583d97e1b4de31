import { httpRouter } from "convex/server";
import { internal } from "./_generated/api.js";
import { httpAction } from "./_generated/server.js";
import type { Id } from "./_generated/dataModel.js";

const http = httpRouter();

http.route({
  path: "/summary",
  method: "GET",
  handler: httpAction(async (ctx, request) => {
    const room = new URL(request.url).searchParams.get("room") as Id<"rooms">;
    return Response.json(await ctx.runQuery(internal.messages.summary, { room }));
  }),
});

http.route({
  pathPrefix: "/echo/",
  method: "POST",
  handler: httpAction(async (_ctx, request) => {
    const body = await request.text();
    const words = body.split(" ");
    const stream = new ReadableStream({
      pull: (controller) => {
        const word = words.shift();
        if (word === undefined) controller.close();
        else controller.enqueue(new TextEncoder().encode(`${word}\n`));
      },
    });
    return new Response(stream, { status: 201, headers: { "x-kind": "echo" } });
  }),
});

http.route({
  path: "/broken",
  method: "GET",
  handler: httpAction(async () => {
    throw new Error("broken handler");
  }),
});

export default http;
