/** What every element shares: the gateway, the four states, events, code to copy. */
import { gateway as ofThePage } from "../client/page.js";
import { covers } from "../client/accounts.js";
import { at } from "../client/place.js";
import { LitElement, html, nothing } from "../vendor/lit.js";
import { icon } from "./icons.js";
import { need } from "./registry.js";
import { base, controls, states } from "./styles.js";

/** @typedef {import("./snippets.js").Snippet} Snippet */

/**
 * An element of the kit. `gateway` is the client that it uses, by default that of the
 * page. Events bubble out of shadow roots; those before a destructive step can be
 * stopped with `preventDefault()`.
 *
 * An element that needs a scope shows nothing to people who lack it, and asks for
 * nothing: it has the attribute `denied`, and shows its slot `denied` alone.
 */
export class GwElement extends LitElement {
  /** @type {Record<string, any>} */
  static properties = {
    gateway: { attribute: false },
    denied: { type: Boolean, reflect: true },
    who: { state: true },
    error: { state: true },
    loading: { state: true },
  };

  /** @type {any[]} */
  static styles = [base, controls, states];

  /** The scope without which the element is of no use, such as `jobs:read`; "" where all may use it. */
  static scope = "";

  constructor() {
    super();
    this.gateway = ofThePage;
    /** @type {any} */
    this.error = null;
    this.loading = false;
    /** Whether the person may not use the element. */
    this.denied = false;
    /** @type {import("../client/accounts.js").Session | null | undefined} Null where no answer came, undefined before it. */
    this.who = undefined;
    this._life = new AbortController();
    /** What it needs, as its class says. */
    this._scope = /** @type {typeof GwElement} */ (this.constructor).scope;
    this._onSession = () => {
      if (this._scope) this._admit().then((may) => may && this.reload());
      else this.reload();
    };
  }

  connectedCallback() {
    super.connectedCallback();
    if (this._life.signal.aborted) this._life = new AbortController();
    window.addEventListener("gw-session", this._onSession);
    if (this._scope) this._admit();
  }

  /** Finds out what the person may do. @returns {Promise<boolean>} Whether the element is of use. */
  async _admit() {
    this.who = await this.gateway.auth.session().catch(() => null);
    this.denied = !this.may(this._scope);
    return !this.denied;
  }

  /** Whether the person may do something; where that is not known, the gateway will say it. @param {string} scope */
  may(scope) {
    return this.who ? covers(this.who.scopes, scope) : true;
  }

  /** @param {Map<PropertyKey, unknown>} changed */
  update(changed) {
    super.update(changed);
    need(this.renderRoot);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.removeEventListener("gw-session", this._onSession);
    this._life.abort();
  }

  /** Loads anew what the element shows. @returns {any} */
  reload() {}

  /** Ends with the element, for its requests. */
  get signal() {
    return this._life.signal;
  }

  /**
   * Sends `gw-<name>`. @param {string} name @param {any} [detail]
   * @param {boolean} [cancelable] @returns {boolean} False if a listener cancelled it.
   */
  announce(name, detail, cancelable = false) {
    return this.dispatchEvent(new CustomEvent(`gw-${name}`, { detail, cancelable, bubbles: true, composed: true }));
  }

  /**
   * Does something that may fail; the failure is shown, and null returned.
   * @template T @param {() => Promise<T>} work @returns {Promise<T | null>}
   */
  async attempt(work) {
    this.error = null;
    try {
      return this._scope && !(await this._admit()) ? null : await work();
    } catch (error) {
      if (this.signal.aborted) return null;
      this.error = error;
      this.announce("error", error);
      return null;
    }
  }

  /** Like `attempt`, with the skeleton shown meanwhile. @template T @param {() => Promise<T>} work */
  async load(work) {
    this.loading = true;
    const result = await this.attempt(work);
    this.loading = false;
    return result;
  }

  /** What is shown to those who may not use the element: how to sign in, where no `gw-login` shows it. */
  renderDenied() {
    const told = this.who?.user || document.querySelector("gw-login");
    return html`<slot name="denied">${told ? nothing : html`<p class="small muted"><a href=${at("/sign-in")}>Sign in</a> to use what is here.</p>`}</slot>`;
  }

  /** What happened, what to do, the request's id, and a way to try again. */
  renderError() {
    if (!this.error) return nothing;
    return html`<slot name="error"><div class="state error" part="error" role="alert">
      <strong>${this.error.title ?? "Something went wrong"}</strong>
      <p>${this.error.message}</p>
      <div class="bar">
        <button @click=${() => this.reload()}>${icon("again")} Try again</button>
        ${this.error.status === 401 ? html`<a class="button" href=${at("/sign-in")}>Sign in</a>` : nothing}
        ${this.error.requestId ? html`<span class="small muted">Request <code>${this.error.requestId}</code></span>` : nothing}
      </div>
    </div></slot>`;
  }

  /** A skeleton of so many lines. @param {number} [lines] */
  renderLoading(lines = 5) {
    return html`<slot name="loading"><div class="bones" part="loading" role="status">
      <span class="hidden">Loading</span>${Array.from({ length: lines }, () => html`<span></span>`)}
    </div></slot>`;
  }

  /** What this is for and the first thing to do. @param {string} title @param {any} text @param {any} [action] */
  renderEmpty(title, text, action = nothing) {
    return html`<slot name="empty"><div class="state" part="empty">
      <strong>${title}</strong><p class="muted">${text}</p>${action}
    </div></slot>`;
  }

  /** The same thing for a script: a menu of code to copy. @param {Snippet} snippet */
  renderCode(snippet) {
    return html`<gw-code .snippet=${snippet} part="code"></gw-code>`;
  }
}

/**
 * Moves between the rows of a table by the arrow keys, Home and End: each row's first control.
 * @param {KeyboardEvent} event Of the table or of its body.
 */
export function walkRows(event) {
  if (!["ArrowDown", "ArrowUp", "Home", "End"].includes(event.key)) return;
  if (/** @type {HTMLElement} */ (event.target).closest("tr.detail, thead")) return;
  const rows = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("[data-row]")];
  const here = rows.findIndex((row) => row === event.target || row.closest("tr")?.contains(/** @type {Node} */ (event.target)));
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: rows.length - 1 }[event.key] ?? here;
  const next = /** @type {HTMLElement | undefined} */ (rows[to]);
  if (here < 0 || !next) return;
  const bodies = [rows[here], next].map((row) => row.closest("tbody"));
  const step = event.key.startsWith("Arrow");
  // Rows between may not be in the page yet (see chunks.js): then the key scrolls to them.
  if (step && bodies[0] !== bodies[1] && bodies[0]?.nextElementSibling !== bodies[1] && bodies[0]?.previousElementSibling !== bodies[1]) return;
  event.preventDefault();
  next.focus();
}
