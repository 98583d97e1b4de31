/**
 * A network between clients and a server that breaks connections at given points of the stream.
 *
 * @module
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** See the module comment. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  /** Connections taken so far. */
  connections = 0;
  /** Connections broken so far. */
  cuts = 0;

  private constructor(target: URL, budget: () => number) {
    this.#server = createServer((client) => {
      this.connections += 1;
      const server = connect(Number(target.port), target.hostname);
      const pair = [client, server] as const;
      this.#pairs.add(pair);
      let left = budget();
      const forward = (from: Socket, to: Socket): void => {
        from.on("data", (bytes: Buffer) => {
          // The part before the cut still arrives: frames break in the middle, too.
          if (bytes.length < left) to.write(bytes);
          else if (left > 0) to.write(bytes.subarray(0, left), () => this.#cut(pair));
          left -= bytes.length;
        });
        from.on("error", () => undefined);
        from.on("close", () => {
          this.#pairs.delete(pair);
          to.destroy();
        });
      };
      forward(client, server);
      forward(server, client);
    });
  }

  /** @param budget How many bytes the next connection carries, in both directions, before it breaks. */
  static async open(url: string, budget: () => number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(new URL(url), budget);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Breaks every connection now. */
  breakAll(): void {
    for (const pair of this.#pairs) this.#cut(pair);
  }

  close(): void {
    this.#server.close();
    this.breakAll();
  }

  #cut([client, server]: readonly [Socket, Socket]): void {
    this.cuts += 1;
    client.resetAndDestroy();
    server.resetAndDestroy();
  }
}
