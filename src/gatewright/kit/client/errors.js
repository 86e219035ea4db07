/**
 * What a request of the gateway fails with: one class for every problem. It has the
 * members of a problem document (`status`, `code`, `title`, `requestId`, `retryAfter` and
 * the whole `problem`); `message` is for people.
 * @example
 * try {
 *   await gateway.datasets.get("no-such-data");
 * } catch (error) {
 *   if (error instanceof GatewayError && error.code === "not-found") console.log(error.message);
 *   else throw error;
 * }
 */
export class GatewayError extends Error {
  /**
   * @param {string} message One or two sentences for the person who asked.
   * @param {object} [about]
   * @param {number} [about.status] HTTP status; 0 where no answer came.
   * @param {string} [about.code] Stable name of the kind, such as `not-found`.
   * @param {string} [about.title] The kind in words.
   * @param {string} [about.requestId] Id to tell the operator.
   * @param {number | null} [about.retryAfter] Seconds after which it may succeed.
   * @param {Record<string, any>} [about.problem] The whole problem document.
   */
  constructor(message, about = {}) {
    super(message);
    this.name = "GatewayError";
    this.status = about.status ?? 0;
    this.code = about.code ?? "unreachable";
    this.title = about.title ?? "The gateway cannot be reached";
    this.requestId = about.requestId ?? "";
    this.retryAfter = about.retryAfter ?? null;
    this.problem = about.problem ?? {};
  }

  /** Whether the same request may succeed later. */
  get transient() {
    return this.status === 0 || this.retryAfter !== null;
  }

  /**
   * Makes the error of an answer (RFC 9457 where it is a problem document).
   * @param {number} status
   * @param {Headers} headers
   * @param {string} text Body of the answer.
   */
  static fromAnswer(status, headers, text) {
    const problem = /json/.test(headers.get("Content-Type") ?? "") ? parse(text) : {};
    const retry = Number(headers.get("Retry-After"));
    return new GatewayError(problem.detail ?? problem.title ?? `The gateway answered ${status}.`, {
      status,
      code: problem.code ?? `http-${status}`,
      title: problem.title ?? `HTTP ${status}`,
      requestId: problem.request_id || (headers.get("X-Request-Id") ?? ""),
      retryAfter: headers.has("Retry-After") && Number.isFinite(retry) ? retry : null,
      problem,
    });
  }

  /**
   * Makes the error of a request that got no answer.
   *
   * A browser does not tell a page of another origin whether an answer came that it may not read.
   * @param {unknown} cause @param {boolean} [abroad] Whether the page is of another origin.
   */
  static unreachable(cause, abroad = false) {
    const leave = abroad ? ` Its operator can let ${location.origin} use it: “cors_origins”.` : "";
    const error = new GatewayError(`The gateway does not answer. Check the network, then try again.${leave}`);
    error.cause = cause;
    return error;
  }
}

/** @param {string} text @returns {Record<string, any>} */
function parse(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value === "object" ? value : {};
  } catch {
    return {};
  }
}
