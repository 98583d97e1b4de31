/**
 * Admin keys: `<instance name>|<hex>`, derived from a secret that only the deployment's state folder holds.
 *
 * A key is the HMAC of the instance name, so it can be printed again at any time and needs no list of issued ones; a new secret
 * makes all old keys worthless.
 *
 * @module
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const SECRET_BYTES = 32;
const INSTANCE_NAME = "narrowcast";

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
    if (!existsSync(file)) {
      writeFileSync(file, `${randomBytes(SECRET_BYTES).toString("hex")}\n`, { mode: 0o600, flag: "wx" });
    }
    const secret = Buffer.from(readFileSync(file, "utf8").trim(), "hex");
    if (secret.length !== SECRET_BYTES) {
      throw new Error(
        `Cannot read admin secret "${file}": it has ${secret.length} bytes; should be ${SECRET_BYTES} in hex`,
      );
    }
    return new AdminKeys(secret);
  }

  issue(): string {
    return `${this.instanceName}|${this.#key}`;
  }

  /** Compares in constant time. A prefix such as `prod:` before the instance name is allowed, as in Convex's own keys. */
  check(key: string): boolean {
    const hex = key.slice(key.lastIndexOf("|") + 1);
    const given = Buffer.from(hex);
    const wanted = Buffer.from(this.#key);
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  }
}
