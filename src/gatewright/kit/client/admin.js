import { escapeName } from "./paths.js";

/** @typedef {{name: string, role: string, groups: string[], source: string, has_password: boolean, created_at: string, seen_at: string | null, disabled_at: string | null}} Account */
/** @typedef {{number: number, at: string, user: string | null, token: string | null, method: string, path: string, route: string | null, app: string | null, status: number, outcome: "done" | "refused" | "failed" | "unknown", address: string, request_id: string, note: string}} AuditRecord */

/**
 * What administrators (scope `admin`) see and change of everybody.
 * @example
 * const { people } = await gateway.admin.people({ limit: 10 });
 * const { records } = await gateway.admin.audit({ user: people[0].name, outcome: "refused" });
 * console.log(people[0].seen_at, records.length);
 */
export class Admin {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** A page of the accounts, by name. @param {{limit?: number, cursor?: string | null}} [query] @param {AbortSignal} [signal] @returns {Promise<{people: Account[], next: string | null}>} */
  people(query = {}, signal) {
    return this._http.json("/api/v1/admin/people", { query, signal });
  }

  /** Disables an account, or enables it again. @param {string} name @param {boolean} disabled @returns {Promise<Account>} */
  disable(name, disabled = true) {
    return this._http.json(`/api/v1/admin/people/${escapeName(name)}`, { method: "PATCH", json: { disabled } });
  }

  /** Where a person is signed in. @param {string} name @param {AbortSignal} [signal] @returns {Promise<any[]>} */
  async sessions(name, signal) {
    return (await this._http.json(`/api/v1/admin/people/${escapeName(name)}/sessions`, { signal })).sessions;
  }

  /** Ends a session of a person at once. @param {string} name @param {string} session Its `key`. */
  endSession(name, session) {
    return this._http.json(`/api/v1/admin/people/${escapeName(name)}/sessions/${escapeName(session)}`, { method: "DELETE" });
  }

  /** A page of everybody's tokens, oldest first, or of one person's. @param {{user?: string, limit?: number, cursor?: string | null}} [query] @param {AbortSignal} [signal] @returns {Promise<{tokens: any[], next: string | null}>} */
  tokens(query = {}, signal) {
    return this._http.json("/api/v1/admin/tokens", { query, signal });
  }

  /** Revokes a token of any account, with all tokens that were made with it. @param {string} key */
  revokeToken(key) {
    return this._http.json(`/api/v1/admin/tokens/${escapeName(key)}`, { method: "DELETE" });
  }

  /**
   * A page of the audit log, newest first. It may have few records or none before the last page.
   * @param {{user?: string, method?: string, path?: string, route?: string, app?: string, from?: string, to?: string, outcome?: string, limit?: number, cursor?: string | null}} [query]
   * @param {AbortSignal} [signal] @returns {Promise<{records: AuditRecord[], next: string | null}>}
   */
  audit(query = {}, signal) {
    return this._http.json("/api/v1/admin/audit", { query, signal });
  }

  /** Which parts of the gateway and its systems work. @param {AbortSignal} [signal] @returns {Promise<{name: string, up: boolean, vital: boolean}[]>} */
  async parts(signal) {
    return (await this._http.json("/api/v1/admin/health", { signal })).parts;
  }
}
