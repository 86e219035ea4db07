import { escapeName } from "./paths.js";

/**
 * Classifiers, which tell real candidates from bogus ones: versions, reports, training.
 * @example
 * const { classifiers } = await gateway.classifiers.list({ survey: "simulated-sky" });
 * for (const { version, active, missed } of classifiers) console.log(version, active, missed);
 */
export class Classifiers {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** @param {string} id @param {string} [part] */
  _path(id, part = "") {
    return `/api/v1/classifiers/${escapeName(id)}${part}`;
  }

  /** All versions, the newest first: `{classifiers}`. @param {{survey?: string | null}} [query] @param {AbortSignal} [signal] @returns {Promise<any>} */
  list(query = {}, signal) {
    return this._http.json("/api/v1/classifiers", { query, signal });
  }

  /** One version, and how far its training is. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  get(id, signal) {
    return this._http.json(this._path(id), { signal });
  }

  /** How good a version is. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  report(id, signal) {
    return this._http.json(this._path(id, "/report"), { signal });
  }

  /** Begins to train the next version, with about so many differences. @param {string} survey @param {"injection" | "votes"} method @param {number} [differences] @returns {Promise<any>} */
  train(survey, method, differences) {
    return this._http.json("/api/v1/classifiers", { method: "POST", json: { survey, method, differences } });
  }

  /** Scores candidates, new and stored, with a version from now on: `rescoring` says how far it is. @param {string} id @returns {Promise<any>} */
  activate(id) {
    return this._http.json(this._path(id, "/activation"), { method: "POST" });
  }
}
