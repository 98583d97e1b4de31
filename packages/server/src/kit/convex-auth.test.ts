/**
 * Goal: the library that most apps sign in with works unmodified: passwords, renewed sessions, signing out.
 *
 * Method: an app made of `@convex-dev/auth`, its issuer being the deployment's own HTTP actions, driven by the official clients.
 */
import { ConvexClient, ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import { openTestServer, type TestServer } from "./test-server.ts";
import { writeApp } from "./text-app.ts";

const APP = {
  "schema.ts": `
    import { defineSchema } from "convex/server";
    import { authTables } from "@convex-dev/auth/server";
    export default defineSchema({ ...authTables });
  `,
  "auth.config.ts": `export default { providers: [{ domain: process.env.CONVEX_SITE_URL, applicationID: "convex" }] };`,
  "auth.ts": `
    import { Password } from "@convex-dev/auth/providers/Password";
    import { convexAuth } from "@convex-dev/auth/server";
    export const { auth, signIn, signOut, store, isAuthenticated } = convexAuth({ providers: [Password] });
  `,
  "http.ts": `
    import { httpRouter } from "convex/server";
    import { auth } from "./auth";
    const http = httpRouter();
    auth.addHttpRoutes(http);
    export default http;
  `,
  "users.ts": `
    import { queryGeneric } from "convex/server";
    import { getAuthUserId } from "@convex-dev/auth/server";
    export const email = queryGeneric({
      args: {},
      handler: async (ctx) => {
        const id = await getAuthUserId(ctx);
        return id === null ? null : ((await ctx.db.get(id))?.email ?? "unknown");
      },
    });
  `,
};

interface Tokens {
  readonly token: string;
  readonly refreshToken: string;
}
const signIn = makeFunctionReference<"action", Record<string, unknown>, { readonly tokens?: Tokens | null }>(
  "auth:signIn",
);
const signOut = makeFunctionReference<"action", Record<string, unknown>, null>("auth:signOut");
const email = makeFunctionReference<"query", Record<string, never>, string | null>("users:email");

let server: TestServer;
const app = writeApp(APP);

beforeAll(async () => {
  server = await openTestServer(app.dir);
  const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
  await server.deployment.setEnvironment([
    { name: "JWT_PRIVATE_KEY", value: (await exportPKCS8(privateKey)).trimEnd().replaceAll("\n", " ") },
    { name: "JWKS", value: JSON.stringify({ keys: [{ use: "sig", ...(await exportJWK(publicKey)) }] }) },
    { name: "SITE_URL", value: "http://localhost:3000" },
  ]);
}, 60_000);
afterAll(async () => {
  await server.close();
  app.remove();
});

const password = (flow: "signUp" | "signIn", secret = "correct horse"): Record<string, unknown> => ({
  provider: "password",
  params: { flow, email: "ada@example.com", password: secret },
});

test("sign up, be known over HTTP, renew, sign out", { timeout: 30_000 }, async () => {
  const client = new ConvexHttpClient(server.url);
  expect(await client.query(email, {})).toBeNull();
  const { tokens } = await client.action(signIn, password("signUp"));
  expect(tokens).toMatchObject({ token: expect.any(String), refreshToken: expect.any(String) });
  client.setAuth(tokens!.token);
  expect(await client.query(email, {})).toBe("ada@example.com");
  const renewed = await client.action(signIn, { refreshToken: tokens!.refreshToken });
  client.setAuth(renewed.tokens!.token);
  expect(await client.query(email, {})).toBe("ada@example.com");
  await client.action(signOut, {});
  // The session is gone, so its refresh token gives nothing any more.
  client.clearAuth();
  expect((await client.action(signIn, { refreshToken: renewed.tokens!.refreshToken })).tokens).toBeNull();
});

test("a wrong password is refused, the right one signs a socket in", { timeout: 30_000 }, async () => {
  const http = new ConvexHttpClient(server.url);
  await expect(http.action(signIn, password("signIn", "wrong horse"))).rejects.toThrow(/InvalidSecret/);
  const { tokens } = await http.action(signIn, password("signIn"));
  const client = new ConvexClient(server.url, { webSocketConstructor: WebSocket as never });
  const seen: (string | null)[] = [];
  client.onUpdate(email, {}, (value) => seen.push(value));
  await expect.poll(() => seen).toEqual([null]);
  client.setAuth(async () => tokens!.token);
  await expect.poll(() => seen, { timeout: 10_000 }).toEqual([null, "ada@example.com"]);
  await client.close();
});
