/**
 * A PostgreSQL of the machine's own packages on a temporary folder, on loopback, with its usual durability.
 *
 * @module
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pause } from "../load.ts";

const PACKAGES = "/usr/lib/postgresql";
/** PostgreSQL refuses to run as root: then it runs as this one. */
const PLAIN_USER = "nobody";
const START_TRIES = 100;

/** Folder of `initdb` and `postgres`; undefined when there is none. */
export function postgresPrograms(): string | undefined {
  if (!existsSync(PACKAGES)) return undefined;
  const versions = readdirSync(PACKAGES).toSorted((a, b) => Number(b) - Number(a));
  return versions.map((version) => join(PACKAGES, version, "bin")).find((bin) => existsSync(join(bin, "initdb")));
}

/** A running PostgreSQL. */
export class PostgresServer {
  readonly port: number;
  readonly #process: ChildProcess;
  readonly #directory: string;

  private constructor(port: number, child: ChildProcess, directory: string) {
    this.port = port;
    this.#process = child;
    this.#directory = directory;
  }

  static async start(programs: string): Promise<PostgresServer> {
    const directory = mkdtempSync(join(process.env["BENCH_DIR"] ?? tmpdir(), "narrowcast-bench-pg-"));
    const user = plainUser();
    if (user !== undefined) chownSync(directory, user.uid, user.gid);
    const data = join(directory, "data");
    const options = { cwd: directory, ...user };
    execFileSync(join(programs, "initdb"), ["-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C"], {
      ...options,
      stdio: "ignore",
    });
    const port = await freePort();
    const settings = ["listen_addresses=127.0.0.1", "shared_buffers=512MB", "max_wal_size=4GB", "max_connections=100"];
    const flags = settings.flatMap((setting) => ["-c", setting]);
    const child = spawn(join(programs, "postgres"), ["-D", data, "-p", String(port), "-k", directory, ...flags], {
      ...options,
      stdio: "ignore",
    });
    const server = new PostgresServer(port, child, directory);
    for (let tries = 0; tries < START_TRIES; tries++) {
      try {
        execFileSync(join(programs, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)], { stdio: "ignore" });
        return server;
      } catch {
        await pause(100);
      }
    }
    await server.close();
    throw new Error("Cannot start PostgreSQL: it does not answer");
  }

  async close(): Promise<void> {
    if (this.#process.exitCode === null) {
      const ended = new Promise<void>((resolve) => {
        this.#process.once("exit", () => resolve());
      });
      this.#process.kill("SIGINT");
      await ended;
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function plainUser(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string): number => Number(execFileSync("id", [flag, PLAIN_USER], { encoding: "utf8" }));
  return { uid: idOf("-u"), gid: idOf("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
