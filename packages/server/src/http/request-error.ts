/**
 * A request that cannot be carried out, as `{code, message}` with a status. Failures of user functions are not this: they are
 * answers with status 200.
 *
 * @module
 */

export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly status: number;
  /** Convex's short code. */
  readonly code: string;

  constructor(status: number, code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
    this.code = code;
  }
}
