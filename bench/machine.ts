/**
 * Raw limits of this machine: the disk's `fdatasync` and the loopback's echo.
 *
 * @module
 */
import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import { Child } from "./child.ts";
import { makeDirectory } from "./server.ts";

/** What the machine is, in words that do not name it. */
export function machineText(): string {
  const [cpu] = cpus();
  const gibibytes = Math.round(totalmem() / 1024 ** 3);
  return `${cpus().length} cores (${cpu?.model.trim() ?? "unknown"}), ${gibibytes} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

/** Load averages of 1, 5 and 15 minutes. */
export function loadText(): string {
  return loadavg()
    .map((load) => load.toFixed(1))
    .join(" ");
}

const FILE_BYTES = 16 * 1024 * 1024;
/** A log record of one small write. */
const WRITE_BYTES = 512;

/** `pwrite` and `fdatasync` on a preallocated file, one after the other: the disk's side of a commit. */
export class RawDisk {
  readonly #directory = makeDirectory();
  readonly #fd: number;
  readonly #bytes = Buffer.alloc(64 * 1024, 1);
  #offset = 0;

  constructor() {
    this.#fd = openSync(join(this.#directory, "raw"), "w+");
    const zeros = Buffer.alloc(1024 * 1024);
    for (let at = 0; at < FILE_BYTES; at += zeros.length) writeSync(this.#fd, zeros, 0, zeros.length, at);
    fsyncSync(this.#fd);
  }

  /** Latencies in microseconds over `ms` milliseconds. */
  measure(ms: number): number[] {
    const latencies: number[] = [];
    const end = performance.now() + ms;
    let now = performance.now();
    while (now < end) {
      if (this.#offset + WRITE_BYTES > FILE_BYTES) this.#offset = 0;
      writeSync(this.#fd, this.#bytes, 0, WRITE_BYTES, this.#offset);
      fdatasyncSync(this.#fd);
      this.#offset += WRITE_BYTES;
      const after = performance.now();
      latencies.push((after - now) * 1000);
      now = after;
    }
    return latencies;
  }

  close(): void {
    closeSync(this.#fd);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** An echo over one loopback WebSocket to another process. */
export class Echo {
  readonly child: Child;
  readonly url: string;
  readonly #socket: WebSocket;
  readonly #text = "x".repeat(300);

  private constructor(child: Child, url: string, socket: WebSocket) {
    this.child = child;
    this.url = url;
    this.#socket = socket;
  }

  static async start(): Promise<Echo> {
    const child = Child.start("echo-process.ts");
    const { url } = await child.ask<{ url: string }>({ type: "address" });
    const socket = new WebSocket(url.replace("http", "ws"), { perMessageDeflate: false });
    await new Promise<void>((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return new Echo(child, url, socket);
  }

  /** Round trips in microseconds over `ms` milliseconds. */
  async measure(ms: number): Promise<number[]> {
    const latencies: number[] = [];
    const end = performance.now() + ms;
    while (performance.now() < end) {
      const start = performance.now();
      await new Promise<void>((resolve) => {
        this.#socket.once("message", () => resolve());
        this.#socket.send(this.#text);
      });
      latencies.push((performance.now() - start) * 1000);
    }
    return latencies;
  }

  async close(): Promise<void> {
    this.#socket.terminate();
    await this.child.stop();
  }
}
