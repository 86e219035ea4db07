import { escapeName } from "./paths.js";

/** @typedef {{user: string | null, role: string | null, scopes: string[], expires_at: string | null}} Session */
/** @typedef {{name: string, title: string, url: string}} Provider Where people sign in without a password of the gateway's. */

/**
 * Who is signed in. A change fires the event `gw-session` on `window`.
 * @example
 * const { user, scopes } = await gateway.auth.session();
 * if (user && (await gateway.auth.may("jobs:submit"))) console.log(user, scopes);
 */
export class Auth {
  /** @param {import("./http.js").Http} http @param {() => void} [changed] Called when another person is signed in. */
  constructor(http, changed) {
    this._http = http;
    this._heard = changed;
    /** @type {Promise<Session> | null} */
    this._session = null;
    /**
     * The identity provider that still knows who has just signed out here, and where to sign out of it too.
     * @type {{provider: string, url: string} | null}
     */
    this.stillSignedIn = null;
  }

  /** The present session; `user` is null for a visitor. Asked for once a page. @returns {Promise<Session>} */
  session() {
    this._session ??= this.refresh();
    return this._session;
  }

  /**
   * Whether who is signed in may do something, in whole or in part.
   * @param {string} scope Such as `jobs:submit`. @returns {Promise<boolean>}
   */
  async may(scope) {
    return covers((await this.session()).scopes, scope);
  }

  /** Asks again who is signed in. @returns {Promise<Session>} */
  refresh() {
    const asked = this._http.json("/api/v1/session");
    this._session = asked;
    asked.catch(() => (this._session = null));
    return asked;
  }

  /** Identity providers to sign in with, beside name and password. @returns {Promise<Provider[]>} */
  async providers() {
    return (await this._http.json("/api/v1/sign-in")).providers;
  }

  /** Begins a session, in a cookie that no script reads. @param {string} user @param {string} password @returns {Promise<Session>} */
  async signIn(user, password) {
    await this._http.json("/api/v1/session", { method: "POST", json: { user, password } });
    return this._changed();
  }

  /** Uses a personal token from now on; it stays in this page's memory. @param {string} token @returns {Promise<Session>} */
  async useToken(token) {
    const before = this._http.token;
    this._http.token = token;
    try {
      return await this._changed();
    } catch (error) {
      this._http.token = before;
      throw error;
    }
  }

  /** Ends the session, or forgets the token. @returns {Promise<Session>} */
  async signOut() {
    this.stillSignedIn = null;
    if (this._http.token) this._http.token = "";
    else this.stillSignedIn = (await this._http.json("/api/v1/session", { method: "DELETE" })) ?? null;
    return this._changed();
  }

  async _changed() {
    const session = await this.refresh();
    this._heard?.();
    if (typeof window !== "undefined") window.dispatchEvent(new CustomEvent("gw-session", { detail: session }));
    return session;
  }
}

/** Whether scopes hold one, or a part of it (`files:read:/data` of `files:read`). @param {string[]} scopes @param {string} scope */
export function covers(scopes, scope) {
  return scopes.some((one) => one === scope || one.startsWith(`${scope}:`));
}

/**
 * Accounts and personal tokens.
 * @example
 * const made = await gateway.accounts.createToken({ label: "notebook", scopes: ["data:read"], expires_in: 86400 });
 * console.log(made.token); // shown only once
 * await gateway.accounts.revokeToken(made.key);
 */
export class Accounts {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** An account: its name, role and groups. @param {string} name @param {AbortSignal} [signal] @returns {Promise<any>} */
  user(name, signal) {
    return this._http.json(`/api/v1/user/${escapeName(name)}`, { signal });
  }

  /** One's personal tokens, without their texts. @param {AbortSignal} [signal] @returns {Promise<any>} */
  tokens(signal) {
    return this._http.json("/api/v1/tokens", { signal });
  }

  /**
   * Makes a token; its text is returned only once.
   * @param {{label: string, scopes: string[], expires_in: number}} token Seconds that it lasts.
   * @returns {Promise<any>}
   */
  createToken(token) {
    return this._http.create("/api/v1/tokens", { json: token });
  }

  /** Makes a token useless from now on. @param {string} id */
  revokeToken(id) {
    return this._http.json(`/api/v1/tokens/${escapeName(id)}`, { method: "DELETE" });
  }
}
