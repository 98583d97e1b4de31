import { ConvexHttpClient } from "convex/browser";
import { anyApi } from "convex/server";
import { expect, test } from "vitest";
import { writeApp } from "./text-app.ts";
import { openTestServer } from "./test-server.ts";

const HELLO = `
import { queryGeneric as query } from "convex/server";
export const where = query(async () => [process.env.CONVEX_CLOUD_URL, process.env.CONVEX_SITE_URL]);
`;
const HTTP = `
import { httpActionGeneric as httpAction, httpRouter } from "convex/server";
const http = httpRouter();
http.route({ path: "/time", method: "GET", handler: httpAction(async () => new Response("here")) });
export default http;
`;

test("openTestServer listens where the app's functions believe it does", async () => {
  const written = writeApp({ "hello.ts": HELLO, "http.ts": HTTP });
  const app = await openTestServer(written.dir);
  try {
    const hello = anyApi["hello"] as Record<string, never>;
    expect(await new ConvexHttpClient(app.url).query(hello["where"]!)).toEqual([app.url, app.siteUrl]);
    expect(await (await fetch(`${app.siteUrl}/time`)).text()).toBe("here");
  } finally {
    await app.close();
    written.remove();
  }
  await expect(fetch(`${app.siteUrl}/time`)).rejects.toThrow();
});
