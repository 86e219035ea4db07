import { events } from "./events.js";
import { escapeName } from "./paths.js";

/** A document with the tag of the version that was read. */
/** @typedef {{value: any, etag: string}} Document */

/** The document store: collections of JSON documents. */
export class Store {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** @param {string} [collection] @param {string} [key] */
  path(collection, key) {
    const parts = [collection, key].filter((one) => one !== undefined);
    return ["/api/v1/store", ...parts.map((one) => escapeName(String(one)))].join("/");
  }

  /** @param {{limit?: number, cursor?: string | null, signal?: AbortSignal}} [options] @returns {Promise<any>} */
  collections({ signal, ...query } = {}) {
    return this._http.json(this.path(), { query, signal });
  }

  /**
   * A page of a collection's documents; `query` is a filter on fields.
   * @param {string} collection
   * @param {{query?: Record<string, any>, prefix?: string, limit?: number, cursor?: string | null, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  page(collection, { query, signal, ...rest } = {}) {
    return this._http.json(this.path(collection), {
      query: { ...rest, query: query ? JSON.stringify(query) : null }, signal,
    });
  }

  /** @param {string} collection @param {string} key @param {AbortSignal} [signal] @returns {Promise<Document>} */
  async get(collection, key, signal) {
    const response = await this._http.request(this.path(collection, key), { signal });
    return { value: await response.json(), etag: response.headers.get("ETag") ?? "" };
  }

  /**
   * Writes a document and returns its new tag. With `ifMatch` it fails with status 412 if
   * somebody else wrote in between; with `create`, if there is one already.
   * @param {string} collection @param {string} key @param {any} value
   * @param {{ifMatch?: string, create?: boolean, signal?: AbortSignal}} [options]
   */
  async put(collection, key, value, { ifMatch, create, signal } = {}) {
    const headers = { ...(ifMatch ? { "If-Match": ifMatch } : {}), ...(create ? { "If-None-Match": "*" } : {}) };
    const response = await this._http.request(this.path(collection, key), { method: "PUT", json: value, headers, signal });
    return response.headers.get("ETag") ?? "";
  }

  /** Changes fields (JSON merge patch, RFC 7396). @param {string} collection @param {string} key @param {any} patch
   * @param {{ifMatch?: string}} [options] */
  async patch(collection, key, patch, { ifMatch } = {}) {
    const headers = { "Content-Type": "application/merge-patch+json", ...(ifMatch ? { "If-Match": ifMatch } : {}) };
    const response = await this._http.request(this.path(collection, key), { method: "PATCH", body: JSON.stringify(patch), headers });
    return response.headers.get("ETag") ?? "";
  }

  /** Adds a document under a key that the gateway makes. @param {string} collection @param {any} value */
  add(collection, value) {
    return this._http.create(this.path(collection), { json: value });
  }

  /** @param {string} collection @param {string} key @param {{ifMatch?: string}} [options] */
  remove(collection, key, { ifMatch } = {}) {
    return this._http.json(this.path(collection, key), { method: "DELETE", headers: ifMatch ? { "If-Match": ifMatch } : {} });
  }

  /** Iterates over the changes of a collection. @param {string} collection @param {{signal?: AbortSignal}} [options] */
  changes(collection, options) {
    return events(this._http, `${this.path(collection)}/changes`, options);
  }
}
