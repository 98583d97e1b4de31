import { httpActionGeneric, httpRouter, makeFunctionReference } from "convex/server";

const http = httpRouter();
http.route({
  path: "/lists",
  method: "GET",
  handler: httpActionGeneric(async (ctx) =>
    Response.json(await ctx.runQuery(makeFunctionReference<"query">("items:names"), {})),
  ),
});

export default http;
