/**
 * HTTP actions: whether the site is up, and the scripted services outside, below `/services`.
 */
import { httpRouter } from "convex/server";
import { httpAction } from "./_generated/server.js";
import { scriptedAnswer } from "./model/scriptedServices.ts";

const http = httpRouter();

http.route({
  path: "/health",
  method: "GET",
  handler: httpAction(async () => await Promise.resolve(Response.json({ ok: true }))),
});

http.route({
  pathPrefix: "/services/",
  method: "GET",
  handler: httpAction(async (_ctx, request) => {
    const { pathname, searchParams } = new URL(request.url);
    const { status, body } = scriptedAnswer(pathname.slice("/services".length), searchParams);
    return await Promise.resolve(Response.json(body, { status }));
  }),
});

export default http;
