import { escapeName } from "./paths.js";

/**
 * @typedef {object} Incident
 * @property {string} id @property {"incident" | "outage" | "notice"} kind
 * @property {"info" | "degraded" | "down"} severity @property {"planned" | "current" | "past"} phase
 * @property {string} title @property {string} text @property {string[]} systems @property {string[]} services
 * @property {string} begins_at @property {string | null} ends_at @property {boolean} takes_jobs
 * @property {boolean} withdrawn @property {string} updated_at @property {string} update
 * @property {any[]} [updates] Its history, oldest first; not in lists.
 */

/**
 * Incidents, planned outages and notices of the administrators. No account is needed to read them.
 * @example
 * for (const { kind, title, phase } of await gateway.incidents.open()) console.log(kind, title, phase);
 */
export class Incidents {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** What is current or planned; the most severe first. @param {AbortSignal} [signal] @returns {Promise<Incident[]>} */
  async open(signal) {
    const { incidents } = await this._http.json("/api/v1/status/incidents", { query: { phase: ["current", "planned"] }, signal });
    const rank = (/** @type {Incident} */ one) => ["down", "degraded", "info"].indexOf(one.severity);
    return incidents.sort((/** @type {Incident} */ a, /** @type {Incident} */ b) => rank(a) - rank(b) || a.begins_at.localeCompare(b.begins_at));
  }

  /**
   * A page of all of them, what begins last first.
   * @param {{phase?: string[], kind?: string, withdrawn?: boolean, limit?: number, cursor?: string | null}} [query]
   * @param {AbortSignal} [signal] @returns {Promise<{incidents: Incident[], next: string | null}>}
   */
  list(query = {}, signal) {
    return this._http.json("/api/v1/status/incidents", { query, signal });
  }

  /** One with its history. @param {string} id @param {AbortSignal} [signal] @returns {Promise<Incident>} */
  get(id, signal) {
    return this._http.json(`/api/v1/status/incidents/${escapeName(id)}`, { signal });
  }

  /** Announces an incident to everybody; only administrators may. @param {Record<string, any>} incident @returns {Promise<Incident>} */
  announce(incident) {
    return this._http.json("/api/v1/status/incidents", { method: "POST", json: incident });
  }

  /** Changes members of an incident, and adds the text `update` to its history. @param {string} id @param {Record<string, any>} changes @returns {Promise<Incident>} */
  change(id, changes) {
    return this._http.json(`/api/v1/status/incidents/${escapeName(id)}`, { method: "PATCH", json: changes });
  }

  /** Shows it to administrators only from now on. @param {string} id */
  withdraw(id) {
    return this._http.json(`/api/v1/status/incidents/${escapeName(id)}`, { method: "DELETE" });
  }
}
