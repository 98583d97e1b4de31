/**
 * What a server has to live with beside honest work: full disks, clients that do not read, storms of subscriptions.
 *
 * @module
 */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";

const DISK_MEBIBYTES = 256;
const PIECE = Buffer.alloc(1024 * 1024, 1);
const STORM_SOCKETS = 150;
const STORM_QUERIES = 6;
const SLOW_SOCKETS = 10;
const SLOW_MS = 8_000;

/** A small disk of its own, where this user may mount one. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all the room that is left. Returns what gives it back. */
  fill(): () => void;
  /** Removes it. */
  close(): void;
}

/** `undefined` where nothing can be mounted. */
export function mountSmallDisk(): SmallDisk | undefined {
  const folder = mkdtempSync(join(tmpdir(), "narrowcast-disk-"));
  const options = ["-t", "tmpfs", "-o", `size=${DISK_MEBIBYTES}m`, "tmpfs", folder];
  if (spawnSync("mount", options).status !== 0) {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  return {
    folder,
    fill() {
      const file = join(folder, "ballast");
      const fd = openSync(file, "w");
      try {
        for (;;) writeSync(fd, PIECE);
      } catch {
        // Full, which is what was wanted.
      } finally {
        closeSync(fd);
      }
      return () => rmSync(file, { force: true });
    },
    close() {
      spawnSync("umount", [folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Many sockets that each subscribe to some lists at once, and go as soon as the first answer is there. Returns how many were answered. */
export async function storm(url: string, keys: readonly string[]): Promise<number> {
  const answered = await Promise.all(Array.from({ length: STORM_SOCKETS }, (_, n) => subscribeOnce(url, keys, n)));
  return answered.filter(Boolean).length;
}

/** Sockets that subscribe and read nothing for a while. */
export async function readSlowly(url: string, keys: readonly string[]): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: SLOW_SOCKETS }, () => open(url)));
  for (const socket of sockets) {
    subscribe(socket, keys, 0);
    socket.pause();
  }
  await sleep(SLOW_MS);
  for (const socket of sockets) socket.terminate();
}

async function subscribeOnce(url: string, keys: readonly string[], n: number): Promise<boolean> {
  const socket = await open(url);
  const answer = new Promise<boolean>((resolve) => {
    socket.on("message", (data: Buffer) => {
      if (data.toString().startsWith('{"type":"Transition"')) resolve(true);
    });
    socket.once("close", () => resolve(false));
  });
  subscribe(socket, keys, n);
  const isAnswered = await answer;
  socket.terminate();
  return isAnswered;
}

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace("http", "ws")}/api/1.48.0/sync`);
  socket.on("error", () => undefined);
  await new Promise<void>((resolve) => {
    socket.once("open", () => resolve());
    socket.once("close", () => resolve());
  });
  return socket;
}

function subscribe(socket: WebSocket, keys: readonly string[], n: number): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  const connect = { connectionCount: 0, lastCloseReason: "InitialConnect", clientTs: 0 };
  socket.send(JSON.stringify({ type: "Connect", sessionId: crypto.randomUUID(), ...connect }));
  const modifications = Array.from({ length: STORM_QUERIES }, (_, queryId) => ({
    type: "Add",
    queryId,
    udfPath: "lists:read",
    // Different requests: each is a live query of its own.
    args: [{ keys: [...keys.slice(queryId), ...keys.slice(0, queryId)].slice(0, 1 + (n % 5)) }],
  }));
  socket.send(JSON.stringify({ type: "ModifyQuerySet", baseVersion: 0, newVersion: 1, modifications }));
}
