import { events } from "./events.js";
import { escapeName } from "./paths.js";

/** A document with the tag of the version that was read. */
/** @typedef {{value: any, etag: string}} Document */

/**
 * The document store: collections of JSON documents.
 * @example
 * await gateway.store.put("observations", "sn-2011fe", { magnitude: 9.9 });
 * const { value, etag } = await gateway.store.get("observations", "sn-2011fe");
 * await gateway.store.put("observations", "sn-2011fe", { ...value, seen: true }, { ifMatch: etag });
 * const { documents } = await gateway.store.page("observations", { query: ["magnitude:lt:12"], sort: ["-magnitude"] });
 * console.log(documents.length);
 * await gateway.store.remove("observations", "sn-2011fe");
 */
export class Store {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** The path of the store, of a collection or of a document. @param {string} [collection] @param {string} [key] @returns {string} */
  path(collection, key) {
    const parts = [collection, key].filter((one) => one !== undefined);
    return ["/api/v1/store", ...parts.map((one) => escapeName(String(one)))].join("/");
  }

  /** One page of the collections that one may read: `{collections, next}`.
   * @param {{limit?: number, cursor?: string | null, signal?: AbortSignal}} [options] @returns {Promise<any>} */
  collections({ signal, ...query } = {}) {
    return this._http.json(this.path(), { query, signal });
  }

  /**
   * One page of a collection's documents: `{documents, next}`. `query` has conditions
   * `field:operator:value` that must all hold, `sort` fields (`-` before one sorts from the
   * largest down), `fields` the members that are wanted.
   * @param {string} collection
   * @param {{query?: string | string[], sort?: string | string[], fields?: string | string[], count?: boolean, prefix?: string, limit?: number, cursor?: string | null, signal?: AbortSignal}} [options]
   * @returns {Promise<any>}
   */
  page(collection, { signal, ...query } = {}) {
    return this._http.json(this.path(collection), { query, signal });
  }

  /** A document, with the tag of what was read. @param {string} collection @param {string} key @param {AbortSignal} [signal] @returns {Promise<Document>} */
  async get(collection, key, signal) {
    const response = await this._http.request(this.path(collection, key), { signal });
    return { value: await response.json(), etag: response.headers.get("ETag") ?? "" };
  }

  /**
   * Writes a document and returns its new tag. With `ifMatch` it fails with status 412 if
   * somebody else wrote in between; with `create`, if there is one already.
   * @param {string} collection @param {string} key @param {any} value
   * @param {{ifMatch?: string, create?: boolean, signal?: AbortSignal}} [options]
   * @returns {Promise<string>}
   */
  async put(collection, key, value, { ifMatch, create, signal } = {}) {
    const headers = { ...(ifMatch ? { "If-Match": ifMatch } : {}), ...(create ? { "If-None-Match": "*" } : {}) };
    const response = await this._http.request(this.path(collection, key), { method: "PUT", json: value, headers, signal });
    return response.headers.get("ETag") ?? "";
  }

  /** Changes fields (JSON merge patch, RFC 7396). @param {string} collection @param {string} key @param {any} patch
   * @param {{ifMatch?: string}} [options] @returns {Promise<string>} */
  async patch(collection, key, patch, { ifMatch } = {}) {
    const headers = { "Content-Type": "application/merge-patch+json", ...(ifMatch ? { "If-Match": ifMatch } : {}) };
    const response = await this._http.request(this.path(collection, key), { method: "PATCH", body: JSON.stringify(patch), headers });
    return response.headers.get("ETag") ?? "";
  }

  /** Adds a document under a key that the gateway makes. @param {string} collection @param {any} value @returns {Promise<any>} */
  add(collection, value) {
    return this._http.create(this.path(collection), { json: value });
  }

  /** Deletes a document. @param {string} collection @param {string} key @param {{ifMatch?: string}} [options] */
  remove(collection, key, { ifMatch } = {}) {
    return this._http.json(this.path(collection, key), { method: "DELETE", headers: ifMatch ? { "If-Match": ifMatch } : {} });
  }

  /** Iterates over the changes of a collection. @param {string} collection @param {{signal?: AbortSignal}} [options]
   * @returns {AsyncGenerator<import("./events.js").ServerEvent, void, undefined>} */
  changes(collection, options) {
    return events(this._http, `${this.path(collection)}/changes`, options);
  }
}
