/**
 * Signing in with tokens, through the clients that apps use.
 */
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { startDeployment, type RunningDeployment } from "../host/deployment.ts";
import { bundleTexts } from "../kit/text-app.ts";
import { openTestServer, type TestServer } from "../testing/network-server.ts";
import { request } from "../testing/request.ts";
import { TokenIssuer } from "../testing/token-issuer.ts";

const APP = {
  "auth.config.ts": `export default { providers: [{ domain: process.env.ISSUER!, applicationID: "app" }] };`,
  "users.ts": `
    import { actionGeneric as action, mutationGeneric as mutation, queryGeneric as query, makeFunctionReference } from "convex/server";
    const name = async (ctx: any) => (await ctx.auth.getUserIdentity())?.name ?? null;
    export const me = query({ args: {}, handler: name });
    export const open = query({ args: {}, handler: async (ctx: any) => (await ctx.db.query("notes").collect()).length });
    export const write = mutation({ args: {}, handler: async (ctx: any) => { await ctx.db.insert("notes", { by: await name(ctx) }); return await name(ctx); } });
    export const act = action({ args: {}, handler: async (ctx: any) => [await name(ctx), await ctx.runQuery(makeFunctionReference("users:me"), {})] });
  `,
  "http.ts": `
    import { httpActionGeneric as httpAction, httpRouter } from "convex/server";
    const http = httpRouter();
    http.route({ path: "/me", method: "GET", handler: httpAction(async (ctx: any) => new Response((await ctx.auth.getUserIdentity())?.name ?? "nobody")) });
    http.route({ path: "/open", method: "GET", handler: httpAction(async () => new Response("open")) });
    export default http;
  `,
};
const me = makeFunctionReference<"query", Record<string, never>, string | null>("users:me");
const notes = makeFunctionReference<"query", Record<string, never>, number>("users:open");
const write = makeFunctionReference<"mutation", Record<string, never>, string | null>("users:write");
const act = makeFunctionReference<"action", Record<string, never>, unknown>("users:act");

let issuer: TokenIssuer;
let deployment: RunningDeployment;
let server: TestServer;

beforeAll(async () => {
  issuer = await TokenIssuer.open();
  deployment = await startDeployment({ cloudUrl: "http://c.test", siteUrl: "http://s.test", threads: false });
  server = await openTestServer({ deployment });
});
afterAll(async () => {
  await server.close();
  await deployment.close();
  await issuer.close();
});

test("a push whose auth.config looks at a variable that is not set fails by its name, and nothing else does", async () => {
  const code = await bundleTexts({
    ...APP,
    "other.ts": `export const other = process.env.NOT_SET_EITHER ?? "default";`,
  });
  expect(await deployment.push(code)).toEqual({
    ok: false,
    code: "AuthConfigMissingEnvironmentVariable",
    message: "Environment variable ISSUER is used in auth config file but its value was not set",
  });
  await deployment.setEnvironment([{ name: "ISSUER", value: issuer.url }]);
  expect(await deployment.push(code)).toMatchObject({ ok: true });
  // Without it, the app's own variables would fail: so it cannot be taken away.
  await expect(deployment.setEnvironment([{ name: "ISSUER", value: null }])).rejects.toThrow(/variable ISSUER is used/);
});

test.each<[what: string, config: string, message: RegExp]>([
  ["no list", `{ provider: [] }`, /its default export has no list of providers/],
  ["no domain", `{ providers: [{ applicationID: "a" }] }`, /`domain` of provider 1 is missing; it should be text/],
  [
    "no URL",
    `{ providers: [{ domain: "ftp://x", applicationID: "a" }] }`,
    /`domain` of provider 1 is "ftp:\/\/x"; it should be a URL/,
  ],
  ["no application", `{ providers: [{ domain: "x.example" }] }`, /`applicationID` of provider 1 is missing/],
  [
    "another type",
    `{ providers: [{ type: "saml" }] }`,
    /`type` of provider 1 is "saml"; it should be "oidc" or "customJwt"/,
  ],
  [
    "another algorithm",
    `{ providers: [{ type: "customJwt", issuer: "i", jwks: "https://x.example", algorithm: "HS256" }] }`,
    /`algorithm` of provider 1 is "HS256"; it should be "RS256" or "ES256"/,
  ],
  [
    "keys nowhere",
    `{ providers: [{ type: "customJwt", issuer: "i", jwks: "keys.json", algorithm: "RS256" }] }`,
    /`jwks` of provider 1 is "keys.json"; it should be a URL, or a data URI/,
  ],
])("an auth.config with %s is refused at the push", async (_what, config, message) => {
  const pushed = await deployment.push(await bundleTexts({ "auth.config.js": `export default ${config};` }));
  expect(pushed).toMatchObject({ ok: false, message: expect.stringMatching(message) });
});

test("over HTTP each kind of function knows who asks; a bad token is refused with its code", async () => {
  const client = new ConvexHttpClient(server.url);
  expect(await client.query(me, {})).toBeNull();
  client.setAuth(await issuer.token({ name: "Ada" }));
  expect(await client.query(me, {})).toBe("Ada");
  expect(await client.mutation(write, {})).toBe("Ada");
  expect(await client.action(act, {})).toEqual(["Ada", "Ada"]);
  const late = await issuer.token({ exp: Math.floor(Date.now() / 1_000) - 100 });
  const reply = await request(`${server.url}/api/query`, {
    body: { path: "users:me", args: {} },
    headers: { authorization: `Bearer ${late}` },
  });
  expect([reply.status, reply.json]).toEqual([
    401,
    { code: "TokenExpired", message: expect.stringContaining("expired") },
  ]);
});

test("HTTP actions know who asks; a bad token fails those only that want to know", async () => {
  const get = async (path: string, token?: string): Promise<string> => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(server.siteUrl + path, { headers });
    return `${response.status} ${await response.text()}`;
  };
  expect(await get("/me")).toBe("200 nobody");
  expect(await get("/me", await issuer.token({ name: "Ada" }))).toBe("200 Ada");
  const bad = await issuer.token({ aud: "other" });
  expect(await get("/open", bad)).toBe("200 open");
  expect(await get("/me", bad)).toMatch(/^500 .*No auth provider found/);
});

test("a socket signs in, renews and signs out; only what looked at the identity is run again", async () => {
  const client = new ConvexClient(server.url, { webSocketConstructor: WebSocket as never });
  const [names, counts]: [(string | null)[], number[]] = [[], []];
  client.onUpdate(me, {}, (name) => names.push(name));
  client.onUpdate(notes, {}, (count) => counts.push(count));
  await expect.poll(() => [names, counts.length]).toEqual([[null], 1]);
  const isSignedIn: boolean[] = [];
  let fetched = 0;
  const setAuth = (name: string): void =>
    client.setAuth(
      async () => {
        fetched += 1;
        return issuer.token({ name });
      },
      (isAuthenticated) => isSignedIn.push(isAuthenticated),
    );
  setAuth("Ada");
  await expect.poll(() => names).toEqual([null, "Ada"]);
  // The official client asks for a fresh token as soon as the first has been taken: the same user with another token.
  await expect.poll(() => fetched).toBe(2);
  expect(await client.mutation(write, {})).toBe("Ada");
  setAuth("Bea");
  await expect.poll(() => names).toEqual([null, "Ada", "Bea"]);
  client.client.clearAuth();
  await expect.poll(() => names).toEqual([null, "Ada", "Bea", null]);
  expect(isSignedIn).toContain(true);
  expect(counts.length).toBe(2);
  await client.close();
});

test(
  "a socket whose token ends comes back with a fresh one, and shows the same user",
  { timeout: 30_000 },
  async () => {
    const client = new ConvexClient(server.url, { webSocketConstructor: WebSocket as never });
    const seen: (string | null)[] = [];
    client.onUpdate(me, {}, (name) => seen.push(name));
    let fetched = 0;
    // Expired within the tolerance of clocks: each is taken, and ends some seconds later.
    const nowS = (): number => Math.floor(Date.now() / 1_000);
    client.setAuth(async () => {
      fetched += 1;
      return issuer.token({
        name: "Ada",
        iat: nowS() - 3_600,
        exp: fetched < 3 ? nowS() - 3 : nowS() + 3_600,
        n: fetched,
      });
    });
    await expect.poll(() => seen.at(-1)).toBe("Ada");
    const written = async (): Promise<number> => {
      expect(await client.mutation(write, {})).toBe("Ada");
      return fetched;
    };
    await expect.poll(written, { timeout: 15_000 }).toBeGreaterThanOrEqual(3);
    expect(await client.mutation(write, {})).toBe("Ada");
    expect(seen.at(-1)).toBe("Ada");
    await client.close();
  },
);

test("another issuer in the environment is in force without a push", async () => {
  const other = await TokenIssuer.open("RS256");
  const client = new ConvexHttpClient(server.url);
  client.setAuth(await other.token({ name: "Cem" }));
  await expect(client.query(me, {})).rejects.toThrow(/NoAuthProvider/);
  await deployment.setEnvironment([{ name: "ISSUER", value: other.url }]);
  expect(await client.query(me, {})).toBe("Cem");
  await deployment.setEnvironment([{ name: "ISSUER", value: issuer.url }]);
  await expect(client.query(me, {})).rejects.toThrow(/NoAuthProvider/);
  await other.close();
});

test("no defect was met on the way", () => {
  expect(server.errors).toEqual([]);
});
