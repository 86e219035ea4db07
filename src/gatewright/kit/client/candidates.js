import { events } from "./events.js";
import { escapeName } from "./paths.js";

/** @typedef {"real" | "bogus" | "unsure"} Choice */

/**
 * What differences of images found, and what people say of it.
 * @example
 * const { candidates } = await gateway.candidates.page({ unscanned: true, limit: 10 });
 * for (const { ra, dec, snr, votes } of candidates) console.log(ra, dec, snr, votes.real);
 */
export class Candidates {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** @param {string} id @param {string} [part] */
  _path(id, part = "") {
    return `/api/v1/candidates/${escapeName(id)}${part}`;
  }

  /**
   * One page of candidates: `{candidates, next, rescoring}`.
   * @param {Record<string, any>} [query] survey, difference, min_score, pos (`CIRCLE ra dec radius`), unscanned, filter (a saved one), where (a condition), limit, cursor
   * @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  page(query = {}, signal) {
    return this._http.json("/api/v1/candidates", { query, signal });
  }

  /** A candidate and all that was measured of it. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  get(id, signal) {
    return this._http.json(this._path(id), { signal });
  }

  /**
   * Takes the next candidates without a vote, with their history and comments; nobody else
   * is given them for a while: `{candidates, seconds, next}`. With a filter there may be
   * fewer than `limit`; send `next` as `cursor` to look further.
   * @param {{survey?: string[], difference?: string | null, limit?: number, without?: string[], filter?: string | null, where?: string | null, cursor?: string | null}} [query] @returns {Promise<any>}
   */
  claim(query = {}) {
    return this._http.json("/api/v1/candidates/claims", { method: "POST", json: query });
  }

  /** Lets others have what one took. @returns {Promise<Response>} */
  release() {
    return this._http.request("/api/v1/candidates/claims", { method: "DELETE" });
  }

  /**
   * The address of the pixels round a candidate.
   * @param {string} id @param {"science" | "reference" | "difference" | "score"} plane
   * @param {Record<string, any>} [more] radius (degrees), size, format, stretch, limits @returns {string}
   */
  stampUrl(id, plane, more = {}) {
    return this._http.url(this._path(id, "/stamp"), { plane, ...more });
  }

  /** Votes, or changes one's vote; returns the candidate. @param {string} id @param {Choice} vote @returns {Promise<any>} */
  vote(id, vote) {
    return this._http.json(this._path(id, "/votes"), { method: "POST", json: { vote } });
  }

  /** Undoes one's vote. @param {string} id @returns {Promise<Response>} */
  takeBack(id) {
    return this._http.request(this._path(id, "/votes"), { method: "DELETE" });
  }

  /** Who voted what, the first 1,000: `{votes, next}`. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  votes(id, signal) {
    return this._http.json(this._path(id, "/votes"), { query: { limit: 1000 }, signal });
  }

  /** What people wrote, the first 1,000: `{comments, next}`. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  comments(id, signal) {
    return this._http.json(this._path(id, "/comments"), { query: { limit: 1000 }, signal });
  }

  /** Writes a comment. @param {string} id @param {string} text @returns {Promise<any>} */
  comment(id, text) {
    return this._http.json(this._path(id, "/comments"), { method: "POST", json: { text } });
  }

  /** Removes one's comment. @param {string} id @param {string} comment @returns {Promise<Response>} */
  removeComment(id, comment) {
    return this._http.request(this._path(id, `/comments/${escapeName(comment)}`), { method: "DELETE" });
  }

  /** The classes that people choose from: `{classes}`. @param {AbortSignal} [signal] @returns {Promise<any>} */
  classes(signal) {
    return this._http.json("/api/v1/classes", { signal });
  }

  /** Classes and tags of a candidate, the first 1,000: `{labels, next}`. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  labels(id, signal) {
    return this._http.json(this._path(id, "/labels"), { query: { limit: 1000 }, signal });
  }

  /** Gives a class or a tag to a candidate; returns it. @param {string} id @param {{class: string} | {tag: string}} label @returns {Promise<any>} */
  label(id, label) {
    return this._http.json(this._path(id, "/labels"), { method: "POST", json: label });
  }

  /** Removes a class or tag that one gave. @param {string} id @param {string} label Its id @returns {Promise<Response>} */
  removeLabel(id, label) {
    return this._http.request(this._path(id, `/labels/${escapeName(label)}`), { method: "DELETE" });
  }

  /** Classes and tags of an object, the first 1,000: `{labels, next}`. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  objectLabels(id, signal) {
    return this._http.json(`/api/v1/objects/${escapeName(id)}/labels`, { query: { limit: 1000 }, signal });
  }

  /** Gives a class or a tag to an object; returns it. @param {string} id @param {{class: string} | {tag: string}} label @returns {Promise<any>} */
  labelObject(id, label) {
    return this._http.json(`/api/v1/objects/${escapeName(id)}/labels`, { method: "POST", json: label });
  }

  /** An object with its first 1,000 candidates in order of time; `next` if there are more. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  object(id, signal) {
    return this._http.json(`/api/v1/objects/${escapeName(id)}`, { query: { limit: 1000 }, signal });
  }

  /** What was merged and split, the first 1,000: `{changes, next}`. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  changes(id, signal) {
    return this._http.json(`/api/v1/objects/${escapeName(id)}/changes`, { query: { limit: 1000 }, signal });
  }

  /** Merges another object into this one, or splits some candidates off; returns the change. @param {string} id @param {{merge: string} | {split: string[]}} change @returns {Promise<any>} */
  change(id, change) {
    return this._http.json(`/api/v1/objects/${escapeName(id)}/changes`, { method: "POST", json: change });
  }

  /** Undoes a merge or split. @param {string} id @param {string} change @returns {Promise<Response>} */
  undoChange(id, change) {
    return this._http.request(`/api/v1/objects/${escapeName(id)}/changes/${escapeName(change)}`, { method: "DELETE" });
  }

  /** The flux of an object in every image. @param {string} id @param {Record<string, any>} [query] survey, time, band @param {AbortSignal} [signal] @returns {Promise<any>} */
  lightCurve(id, query = {}, signal) {
    return this._http.json(`/api/v1/objects/${escapeName(id)}/lightcurve`, { query, signal });
  }

  /** The flux at a place in every image. @param {number} ra @param {number} dec Degrees. @param {Record<string, any>} [query] survey, time, band @param {AbortSignal} [signal] @returns {Promise<any>} */
  lightCurveAt(ra, dec, query = {}, signal) {
    return this._http.json("/api/v1/lightcurve", { query: { pos: `CIRCLE ${ra} ${dec} 0`, ...query }, signal });
  }

  /** Saved filters that one may use, the first 1,000: `{filters, next}`. @param {AbortSignal} [signal] @returns {Promise<any>} */
  filters(signal) {
    return this._http.json("/api/v1/filters", { query: { limit: 1000 }, signal });
  }

  /** Saves a filter, or changes one; returns it. @param {string} name @param {{where: string, description?: string, access?: string | string[]}} filter @returns {Promise<any>} */
  saveFilter(name, filter) {
    return this._http.json(`/api/v1/filters/${escapeName(name)}`, { method: "PUT", json: filter });
  }

  /** Removes a filter. @param {string} name @returns {Promise<Response>} */
  removeFilter(name) {
    return this._http.request(`/api/v1/filters/${escapeName(name)}`, { method: "DELETE" });
  }

  /**
   * Iterates over new candidates, votes and comments, as they come.
   * @param {{signal?: AbortSignal, lastEventId?: string, onopen?: () => void}} [options]
   * @returns {AsyncGenerator<import("./events.js").ServerEvent, void, undefined>}
   */
  events(options) {
    return events(this._http, "/api/v1/candidates/events", options);
  }
}
