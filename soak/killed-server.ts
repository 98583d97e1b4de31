/**
 * A server that is killed and started again on the same store and the same ports.
 *
 * @module
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** See the module comment. */
export class KilledServer {
  readonly url: string;
  readonly directory: string;
  readonly #args: readonly string[];
  #child: ChildProcess;
  /** The last of what it said on stderr. */
  #said = "";

  private constructor(directory: string, ports: readonly [number, number], fault: string | undefined) {
    this.directory = directory;
    this.url = `http://127.0.0.1:${ports[0]}`;
    this.#args = [directory, ...ports.map(String), ...(fault === undefined ? [] : [fault])];
    this.#child = this.#fork();
  }

  /** @param fault A name of `FAULTS`. @param parent Folder in which the store's folder is made. */
  static async open(fault?: string, parent = tmpdir()): Promise<KilledServer> {
    const directory = await mkdtemp(join(parent, "narrowcast-soak-"));
    const server = new KilledServer(directory, [await freePort(), await freePort()], fault);
    await server.#ready();
    return server;
  }

  get processId(): number {
    return this.#child.pid ?? 0;
  }

  /** What the heaps of its threads hold after a collection, in bytes. */
  async heapBytes(): Promise<number> {
    const answer = once(this.#child, "message");
    this.#child.send("measure");
    const [bytes] = (await answer) as [number];
    return bytes;
  }

  /** Ends it as power loss would, and starts it again. */
  async killAndRestart(): Promise<void> {
    await this.#kill();
    this.#child = this.#fork();
    await this.#ready();
  }

  /** Ends it and removes its store. */
  async close(): Promise<void> {
    await this.#kill();
    await rm(this.directory, { recursive: true, force: true });
  }

  #fork(): ChildProcess {
    const program = fileURLToPath(new URL("server-process.ts", import.meta.url));
    const child = fork(program, this.#args, {
      execArgv: ["--import", "tsx", "--expose-gc"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    const SAID_MAX = 4_000;
    child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#said = (this.#said + text).slice(-SAID_MAX)));
    return child;
  }

  async #ready(): Promise<void> {
    const [first] = (await Promise.race([once(this.#child, "message"), once(this.#child, "exit")])) as unknown[];
    if (first !== "ready") throw new Error(`Cannot start the server: it ended with ${String(first)}\n${this.#said}`);
  }

  async #kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
