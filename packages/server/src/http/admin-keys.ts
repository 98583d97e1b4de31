/**
 * Admin keys: `<instance name>|<hex>`, derived from a secret that only the deployment's state folder holds.
 *
 * A key is the HMAC of the instance name, so it can be printed again at any time and needs no list of issued ones; a new secret
 * makes all old keys worthless.
 *
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SECRET_BYTES = 32;
const INSTANCE_NAME = "narrowcast";
const DEPLOYMENT_PREFIX = /^[a-z]+:/;

/** A file of the deployment's state is not what it should be: for a person to mend. */
export class StateFileError extends Error {
  override readonly name = "StateFileError";
}

/** Issues and checks the keys of one deployment. */
export class AdminKeys {
  /** Text before the `|` of every key. */
  readonly instanceName: string;
  readonly #key: string;

  constructor(secret: Uint8Array, instanceName: string = INSTANCE_NAME) {
    this.instanceName = instanceName;
    this.#key = createHmac("sha256", secret).update(`admin|${instanceName}`).digest("hex");
  }

  /** The keys of the deployment whose state is in `directory`; the first call makes the secret, readable by its owner only. */
  static open(directory: string): AdminKeys {
    const file = join(directory, "admin-key");
    if (!existsSync(file)) makeSecret(directory, file);
    const secret = Buffer.from(readFileSync(file, "utf8").trim(), "hex");
    if (secret.length !== SECRET_BYTES) {
      const mend = "put it back from a backup, or delete it: then there are new keys, and the former ones open nothing";
      throw new StateFileError(
        `Cannot read admin secret "${file}": it has ${secret.length} bytes; should be ${SECRET_BYTES} in hex; ${mend}`,
      );
    }
    return new AdminKeys(secret);
  }

  issue(): string {
    return `${this.instanceName}|${this.#key}`;
  }

  /** Compares in constant time. A prefix such as `prod:` before the instance name is allowed, as in Convex's own keys. */
  check(key: string): boolean {
    const bar = key.lastIndexOf("|");
    const name = key.slice(0, Math.max(bar, 0)).replace(DEPLOYMENT_PREFIX, "");
    const given = Buffer.from(key.slice(bar + 1));
    const wanted = Buffer.from(this.#key);
    return name === this.instanceName && given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}

/** Written beside and linked into place: another process sees a whole secret or none, and the first one wins. */
function makeSecret(directory: string, file: string): void {
  const draft = join(directory, `admin-key.${randomBytes(4).toString("hex")}`);
  writeFileSync(draft, `${randomBytes(SECRET_BYTES).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    rmSync(draft);
  }
}
