import { escapeName } from "./paths.js";

/**
 * Projects with their allocations, and what was used.
 * @example
 * const { usage, as_of } = await gateway.projects.usage({ by: ["day"], from: "2026-11-01", to: "2026-11-30" });
 * console.log(usage.map(({ day, cpu_seconds }) => [day, cpu_seconds]), as_of);
 */
export class Projects {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /**
   * A page of the projects that one belongs to or coordinates.
   * @param {{system?: string, limit?: number, cursor?: string | null}} [query] @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  list(query = {}, signal) {
    return this._http.json("/api/v1/projects", { query, signal });
  }

  /**
   * Past and expected usage of a project, in seconds.
   * @param {string} system @param {string} name
   * @param {{resource?: string, days?: number}} [query] @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  burnDown(system, name, query = {}, signal) {
    return this._http.json(`/api/v1/projects/${escapeName(system)}/${escapeName(name)}/burn-down`, { query, signal });
  }

  /**
   * Sums of usage by `project`, `person`, `partition`, `system`, `day` or `month`.
   * @param {{by?: string[], from?: string, to?: string, system?: string, project?: string, limit?: number, cursor?: string | null}} [query]
   * @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  usage(query = {}, signal) {
    return this._http.json("/api/v1/usage", { query, signal });
  }
}
