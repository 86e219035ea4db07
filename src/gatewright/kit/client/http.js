/** Requests to one gateway: address, credentials, keys, errors. */
import { GatewayError } from "./errors.js";

/**
 * @typedef {object} Call
 * @property {string} [method]
 * @property {Record<string, any>} [query] Parameters; null, undefined and "" are left out.
 * @property {any} [json] Body as a JSON value.
 * @property {BodyInit} [body] Body as bytes, text or a form.
 * @property {Record<string, string>} [headers]
 * @property {AbortSignal} [signal]
 * @property {RequestCache} [cache] By default `no-cache`: what is kept is asked after.
 * @property {string | boolean} [idempotencyKey] Key of a POST that creates; true makes one.
 */

/** @typedef {object} Options
 * @property {string} [url] Address of the gateway; in a page by default its own origin.
 * @property {string} [token] Personal token; without it a page uses its session.
 * @property {typeof fetch} [fetch]
 */

/**
 * Requests of one gateway, for what the client has no method for.
 * @example
 * const { variables } = await gateway.http.json("/api/v1/datasets/simulated-reanalysis");
 * const answer = await gateway.http.request("/api/v1/datasets", { query: { limit: 1 } });
 * console.log(variables.length, answer.headers.get("X-Request-Id"));
 */
export class Http {
  /** @param {Options} [options] */
  constructor(options = {}) {
    const here = typeof location === "undefined" ? "http://127.0.0.1:8000" : location.origin;
    this.base = (options.url ?? here).replace(/\/+$/, "");
    this.abroad = typeof location !== "undefined" && new URL(this.base).origin !== location.origin;
    this.token = options.token ?? "";
    this._fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /**
   * The whole address of a path, or of an address that an answer gave.
   * @param {string} path @param {Record<string, any>} [query] @returns {string}
   */
  url(path, query = {}) {
    const root = new URL(this.base).pathname.replace(/\/$/, "");
    const below = path.startsWith("/") && !`${path}/`.startsWith(`${root}/`);
    const url = new URL(below ? root + path : path, `${this.base}/`);
    for (const [name, value] of Object.entries(query)) {
      if (value === null || value === undefined || value === "") continue;
      for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
    }
    return url.href;
  }

  /**
   * Header fields that every request carries. The gateway takes an unsafe request with
   * a session only if `X-Requested-With` is there, which no foreign form can send.
   * @param {Record<string, string>} [more] @returns {Headers}
   */
  headers(more = {}) {
    const headers = new Headers({ "X-Requested-With": "gatewright", Accept: "application/json, */*;q=0.5", ...more });
    if (this.token) headers.set("Authorization", `Bearer ${this.token}`);
    return headers;
  }

  /**
   * Makes a request; an answer of 400 and above is thrown as a GatewayError.
   * @param {string} path @param {Call} [call] @returns {Promise<Response>}
   */
  async request(path, call = {}) {
    const headers = this.headers(call.headers);
    // From another origin a visitor reads what is open to all, which needs no leave.
    if (this.abroad && !this.token && (call.method ?? "GET") === "GET") headers.delete("X-Requested-With");
    if (call.idempotencyKey) {
      headers.set("Idempotency-Key", call.idempotencyKey === true ? newKey() : call.idempotencyKey);
    }
    let body = call.body;
    if (call.json !== undefined) {
      headers.set("Content-Type", "application/json");
      body = JSON.stringify(call.json);
    }
    const response = await this._send(this.url(path, call.query), {
      method: call.method ?? "GET",
      headers,
      body,
      signal: call.signal,
      credentials: this.token ? "omit" : "same-origin",
      cache: call.cache ?? "no-cache",
    });
    if (!response.ok && response.status !== 304) {
      throw GatewayError.fromAnswer(response.status, response.headers, await response.text());
    }
    return response;
  }

  /** @param {string} url @param {RequestInit} init */
  async _send(url, init) {
    try {
      return await this._fetch(url, init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw GatewayError.unreachable(error, this.abroad);
    }
  }

  /**
   * Makes a request and returns the JSON value of its answer; null where it has none.
   * @param {string} path @param {Call} [call] @returns {Promise<any>}
   */
  async json(path, call = {}) {
    const response = await this.request(path, call);
    if (response.status === 204) return null;
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  }

  /**
   * POSTs what creates a thing: sent twice with one key, it is made once.
   * @param {string} path @param {Call} call @returns {Promise<any>}
   */
  create(path, call) {
    return this.json(path, { method: "POST", idempotencyKey: true, ...call });
  }

  /**
   * Iterates over all items of a listing, page after page.
   * @param {string} path @param {string} plural Name of the list in a page.
   * @param {Call} [call] @returns {AsyncGenerator<any, void, undefined>}
   */
  async *items(path, plural, call = {}) {
    let cursor = null;
    do {
      const page = await this.json(path, { ...call, query: { ...call.query, cursor } });
      yield* page[plural];
      cursor = page.next;
    } while (cursor);
  }
}

/** Returns a fresh idempotency key (128 random bits). */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
