/**
 * A small app that stores files in every kind of function, through `ctx` and through the library's own calls.
 *
 * @module
 */
import { stringifyValue, parseValue, type Value } from "@narrowcast/values";
import { startDeployment, type DeploymentOptions, type RunningDeployment } from "../host/deployment.ts";
import type { CodePackage } from "../app/types.ts";
import { NOBODY } from "./app-harness.ts";
import { bundleTexts } from "../kit/text-app.ts";

const FILES = `
import { actionGeneric as action, internalMutationGeneric as internalMutation, mutationGeneric as mutation,
  queryGeneric as query, makeFunctionReference } from "convex/server";
import { jsonToConvex, v } from "convex/values";

const id = { id: v.id("_storage") };
const anyId = { id: v.any() };

export const uploadUrl = mutation({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
export const url = query({ args: anyId, handler: (ctx, { id }) => ctx.storage.getUrl(id) });
export const urlOfId = query({ args: id, handler: (ctx, { id }) => ctx.storage.getUrl(id) });
export const metadata = query({ args: anyId, handler: (ctx, { id }) => ctx.storage.getMetadata(id) });
export const row = query({ args: anyId, handler: (ctx, { id }) => ctx.db.system.get("_storage", id) });
export const rows = query({ args: {}, handler: (ctx) => ctx.db.system.query("_storage").collect() });
export const secrets = query({ args: {}, handler: (ctx) => ctx.db.system.query("_secrets").collect() });
export const normalized = query({ args: anyId, handler: (ctx, { id }) => ctx.db.system.normalizeId("_storage", id) });
export const attach = mutation({ args: id, handler: async (ctx, { id }) => ctx.db.insert("messages", { file: id }) });
export const remove = mutation({ args: anyId, handler: (ctx, { id }) => ctx.storage.delete(id) });
export const removeAndFail = mutation({ args: id, handler: async (ctx, { id }) => {
  await ctx.storage.delete(id);
  throw new Error("no");
} });
export const removeNested = mutation({ args: id, handler: async (ctx, { id }) => {
  try { await ctx.runMutation(makeFunctionReference("files:removeAndFail"), { id }); } catch {}
  return ctx.storage.getUrl(id);
} });
export const store = mutation({ args: { text: v.string(), type: v.optional(v.string()), sha256: v.optional(v.string()) },
  handler: (ctx, { text, type, sha256 }) => ctx.storage.store(new Blob([text], { type }), { sha256 }) });
export const storeAndFail = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  await ctx.storage.store(new Blob([text]));
  throw new Error("no");
} });
export const storeNested = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  try { await ctx.runMutation(makeFunctionReference("files:storeAndFail"), { text }); } catch {}
  return (await ctx.db.system.query("_storage").collect()).length;
} });
export const storeAndForget = mutation({ args: { text: v.string() }, handler: async (ctx, { text }) => {
  void ctx.storage.store(new Blob([text])).catch(() => {});
} });
export const storeMany = mutation({ args: { count: v.number(), bytes: v.number() }, handler: async (ctx, { count, bytes }) => {
  for (let i = 0; i < count; i += 1) await ctx.storage.store(new Blob(["x".repeat(bytes)]));
  const { filesWritten, fileWriteBytes } = await ctx.meta.getTransactionMetrics();
  return { filesWritten, fileWriteBytes };
} });
export const read = mutation({ args: anyId, handler: async (ctx, { id }) => {
  const blob = await ctx.storage.get(id);
  if (blob === null) return null;
  const { filesRead, fileReadBytes } = await ctx.meta.getTransactionMetrics();
  return { text: await blob.text(), type: blob.type, files: filesRead.used, bytes: fileReadBytes.used };
} });
export const storeText = mutation({ args: {}, handler: (ctx) => ctx.storage.store("text") });

export const act = action({ args: { text: v.string(), type: v.optional(v.string()), sha256: v.optional(v.string()) }, handler: async (ctx, { text, type, sha256 }) => {
  const id = await ctx.storage.store(new Blob([text], { type }), { sha256 });
  const blob = await ctx.storage.get(id);
  return { id, text: await blob.text(), type: blob.type, url: await ctx.storage.getUrl(id), size: (await ctx.storage.getMetadata(id)).size };
} });
export const actBig = action({ args: { bytes: v.number() }, handler: async (ctx, { bytes }) => {
  const id = await ctx.storage.store(new Blob([new Uint8Array(bytes).fill(7)]));
  return { id, bytes: (await ctx.storage.get(id)).size };
} });
export const actRead = action({ args: anyId, handler: async (ctx, { id }) => {
  const blob = await ctx.storage.get(id);
  return blob === null ? null : blob.text();
} });
export const actRemove = action({ args: anyId, handler: (ctx, { id }) => ctx.storage.delete(id) });
export const actUploadUrl = action({ args: {}, handler: (ctx) => ctx.storage.generateUploadUrl() });
export const actStoreText = action({ args: {}, handler: (ctx) => ctx.storage.store("text") });

const library = async (invoked) => jsonToConvex(JSON.parse(await invoked));
const libraryUrl = query((ctx, { id }) => ctx.storage.getUrl(id));
const libraryMetadata = query((ctx, { id }) => ctx.storage.getMetadata(id));
const libraryWrite = mutation(async (ctx, { text }) => {
  const id = await ctx.storage.store(new Blob([text], { type: "text/plain" }));
  const blob = await ctx.storage.get(id);
  const kept = [await blob.text(), blob.type, typeof (await ctx.storage.generateUploadUrl())];
  await ctx.storage.delete(id);
  return [...kept, await ctx.storage.get(id), await ctx.storage.getUrl(id)];
});
const libraryAct = action(async (ctx, { text }) => {
  const id = await ctx.storage.store(new Blob([text], { type: "text/plain" }));
  const blob = await ctx.storage.get(id);
  const kept = [await blob.text(), blob.type, (await ctx.storage.getMetadata(id)).size, typeof (await ctx.storage.getUrl(id))];
  await ctx.storage.delete(id);
  return [...kept, typeof (await ctx.storage.generateUploadUrl()), await ctx.storage.get(id)];
});
export const byLibraryUrl = query({ args: anyId, handler: (_ctx, args) => library(libraryUrl.invokeQuery(JSON.stringify([args]))) });
export const byLibraryMetadata = query({ args: anyId, handler: (_ctx, args) => library(libraryMetadata.invokeQuery(JSON.stringify([args]))) });
export const byLibraryWrite = mutation({ args: { text: v.string() }, handler: (_ctx, args) => library(libraryWrite.invokeMutation(JSON.stringify([args]))) });
export const byLibraryAct = action({ args: { text: v.string() }, handler: (_ctx, args) => library(libraryAct.invokeAction("r", JSON.stringify([args]))) });
export const byLibraryWriteInQuery = query({ args: {}, handler: () => Convex.asyncSyscall("1.0/storageGenerateUploadUrl", "{}") });
`;

const HTTP = `
import { httpActionGeneric as httpAction, httpRouter } from "convex/server";
const http = httpRouter();
http.route({ path: "/put", method: "POST", handler: httpAction(async (ctx, request) =>
  new Response(await ctx.storage.store(await request.blob()))) });
http.route({ pathPrefix: "/get/", method: "GET", handler: httpAction(async (ctx, request) => {
  const blob = await ctx.storage.get(new URL(request.url).pathname.slice("/get/".length));
  return blob === null ? new Response("gone", { status: 404 }) : new Response(blob);
}) });
export default http;
`;

const SCHEMA = `
import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
export default defineSchema({ messages: defineTable({ file: v.id("_storage") }) });
`;

let bundled: Promise<CodePackage> | undefined;

/** The app, bundled once per test file. */
export function filesApp(): Promise<CodePackage> {
  bundled ??= bundleTexts({ "files.ts": FILES, "http.ts": HTTP, "schema.ts": SCHEMA });
  return bundled;
}

/** A deployment with the app, and calls of it. */
export interface FilesWorld {
  readonly deployment: RunningDeployment;
  /** The value of `files:<name>`. @throws An error with the function's message. */
  query(name: string, args?: Value): Promise<never>;
  mutation(name: string, args?: Value): Promise<never>;
  action(name: string, args?: Value): Promise<never>;
  /** Sends `bytes` as a client does, with a fresh token. Returns the id. */
  upload(bytes: Uint8Array, contentType?: string | null): Promise<string>;
  /** The whole file behind a download URL; `null` when there is none. */
  download(url: string): Promise<Buffer | null>;
}

/** Opens a deployment, in this process's memory unless told otherwise. */
export async function openFiles(options: Partial<DeploymentOptions> = {}): Promise<FilesWorld> {
  const urls = { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" };
  const deployment = await startDeployment({ ...urls, threads: false, ...options });
  const pushed = await deployment.push(await filesApp());
  if (!pushed.ok) throw new Error(pushed.message);
  return filesWorld(deployment);
}

/** Calls of a deployment that has the app. */
export function filesWorld(deployment: RunningDeployment): FilesWorld {
  const call =
    (kind: "query" | "mutation" | "action") =>
    async (name: string, args: Value = {}) => {
      const text = stringifyValue(args);
      const facts = { identity: NOBODY, allowInternal: false, requestId: "0123456789abcdef" };
      const outcome = await deployment[kind]({ path: `files:${name}`, args: text, ...facts });
      if (!outcome.ok) throw new Error(outcome.errorMessage);
      return parseValue(outcome.value) as never;
    };
  const mutation = call("mutation");
  return {
    deployment,
    query: call("query"),
    mutation,
    action: call("action"),
    upload: async (bytes, contentType = null) => {
      const token = new URL(await mutation("uploadUrl")).searchParams.get("token") ?? "";
      const outcome = await deployment.files.upload({ token, contentType, sha256: null, bytes: once(bytes) });
      if (!outcome.ok) throw new Error(outcome.message);
      return outcome.storageId;
    },
    download: async (url) => {
      const file = await deployment.files.download(url.slice(url.lastIndexOf("/") + 1));
      if (file === null) return null;
      const pieces: Uint8Array[] = [];
      for await (const piece of await file.read(0, file.size)) pieces.push(piece);
      return Buffer.concat(pieces);
    },
  };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
