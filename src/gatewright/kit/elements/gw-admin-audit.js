import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { exact, local } from "./format.js";
import { icon } from "./icons.js";
import { table } from "./styles.js";

/** @typedef {import("../client/admin.js").AuditRecord} AuditRecord */

/** @type {Record<string, [string, string]>} Words and looks of the outcomes. */
const OUTCOMES = { done: ["Done", "done"], refused: ["Refused", "held"], failed: ["Failed", "failed"], unknown: ["Not known", "waiting"] };
const METHODS = ["POST", "PUT", "PATCH", "DELETE", "CLI"];
/** @type {Record<string, string>} What a request was sent with, by the word before the colon. */
const APPS = { browser: "A browser", program: "A program's session", token: "A token", job: "The token of a job", cli: "The command line" };
/** Pages that are looked through for one that has a record. */
const MOST_EMPTY = 20;

/**
 * `<gw-admin-audit>`: searches the audit log, which has every request that might have
 * changed something, by person, method, path, route, what it was sent with, time and
 * outcome. Needs the scope `admin`.
 *
 * @attr {number} limit - Records that come at once, by default 50.
 * @attr {string} filter - The search as a query string, such as `user=ada&outcome=refused`.
 * @property {any[] | null} records - The records that are shown.
 * @fires gw-filter - The search as an object, when it is changed.
 * @csspart form - The form.
 * @csspart table - The table.
 * @example
 * <gw-admin-audit limit="10"></gw-admin-audit>
 */
export class GwAdminAudit extends GwElement {
  static properties = { limit: { type: Number }, filter: {}, records: { attribute: false }, next: { state: true } };

  static scope = "admin";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    form { align-items: end; display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); padding: 16px; }
    td { overflow-wrap: anywhere; }
    td.path { max-inline-size: 60ch; }
    time { white-space: nowrap; }
  `];

  constructor() {
    super();
    this.limit = 50;
    this.filter = "";
    /** @type {AuditRecord[] | null} */
    this.records = null;
    /** @type {string | null} */
    this.next = null;
    this._turn = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.hasUpdated) this.reload();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("filter")) this.reload();
  }

  async reload() {
    [this.records, this.next] = [null, null];
    const page = await this.load(() => this._search(null));
    if (page) [this.records, this.next] = [page.records, page.next];
  }

  /** Shows older records. */
  async more() {
    const page = await this.attempt(() => this._search(this.next));
    if (page) [this.records, this.next] = [[...(this.records ?? []), ...page.records], page.next];
  }

  /**
   * The next page that has a record; what is late for a search that was changed meanwhile is left aside.
   * @param {string | null} cursor
   */
  async _search(cursor) {
    const turn = ++this._turn;
    const query = Object.fromEntries(new URLSearchParams(this.filter));
    for (let pages = 0; ; pages++) {
      const page = await this.gateway.admin.audit({ ...query, limit: this.limit, cursor }, this.signal);
      if (turn !== this._turn) return null;
      if (page.records.length || !page.next || pages >= MOST_EMPTY) return page;
      cursor = page.next;
    }
  }

  /** @param {SubmitEvent} event */
  _submit(event) {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const times = ["from", "to"];
    const chosen = [...data].map(([name, value]) => [name, times.includes(name) && value ? new Date(String(value)).toISOString() : String(value).trim()]).filter(([, value]) => value);
    const filter = new URLSearchParams(chosen).toString();
    this.announce("filter", Object.fromEntries(chosen));
    if (filter === this.filter) this.reload();
    else this.filter = filter;
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`${this._form()}${this.renderError()}
      ${this.records === null ? (this.error ? nothing : this.renderLoading(5)) : this._list(this.records)}`;
  }

  _form() {
    const query = new URLSearchParams(this.filter);
    const value = (/** @type {string} */ name) => query.get(name) ?? "";
    const time = (/** @type {string} */ name) => (value(name) && !Number.isNaN(Date.parse(value(name))) ? local(value(name)).replace(" ", "T") : "");
    const choices = (/** @type {string} */ name, /** @type {[string, string][]} */ words) => words.map(([key, word]) => html`<option value=${key} ?selected=${key === value(name)}>${word}</option>`);
    return html`<form class="panel" part="form" role="search" aria-label="Audit log" @submit=${this._submit}>
      <label class="field">Person<input name="user" maxlength="128" autocomplete="off" .value=${value("user")}></label>
      <label class="field">Action<select name="method">${choices("method", [["", "Any"], ...METHODS.map((one) => /** @type {[string, string]} */ ([one, one]))])}</select></label>
      <label class="field">Path begins<input name="path" maxlength="2000" autocomplete="off" placeholder="/api/v1/jobs" .value=${value("path")}></label>
      <label class="field">Route<input name="route" maxlength="2000" autocomplete="off" placeholder="/api/v1/jobs/{system}/{job_id}" .value=${value("route")}></label>
      <label class="field">Sent with<select name="app">${choices("app", [["", "Any"], ...Object.entries(APPS)])}</select></label>
      <label class="field">Outcome<select name="outcome">${choices("outcome", [["", "Any"], ...Object.entries(OUTCOMES).map(([key, [word]]) => /** @type {[string, string]} */ ([key, word]))])}</select></label>
      <label class="field">From<input type="datetime-local" name="from" .value=${time("from")}></label>
      <label class="field">Until<input type="datetime-local" name="to" .value=${time("to")}></label>
      <button class="primary">${icon("search")} Search</button>
    </form>`;
  }

  /** @param {AuditRecord[]} records */
  _list(records) {
    const more = this.next ? html`<div class="bar"><button @click=${this.more}>Show older</button></div>` : nothing;
    if (!records.length) return html`${this.renderEmpty("Nothing found", this.next ? "Not so far; there are older records." : "No request of the log is like that.")}${more}`;
    return html`<div class="panel"><table part="table">
      <thead><tr><th>When</th><th>Person</th><th>What</th><th>Outcome</th><th>From</th></tr></thead>
      <tbody>${repeat(records, (one) => one.number, (one) => this._row(one))}</tbody></table></div>${more}`;
  }

  /** @param {AuditRecord} one */
  _row(one) {
    const [word, look] = OUTCOMES[one.outcome];
    const [app, ...label] = (one.app ?? "").split(":");
    const sentWith = [APPS[app], label.join(":")].filter(Boolean).join(": ");
    return html`<tr class="row">
      <td><time datetime=${one.at} title=${exact(one.at)}>${local(one.at)}</time></td>
      <td data-label="Person">${one.user ?? html`<span class="muted">visitor</span>`}${sentWith ? html`<br><span class="small muted">${sentWith}</span>` : nothing}${one.token ? html`<br><span class="mono small muted">gw_${one.token}</span>` : nothing}</td>
      <td class="wide path"><strong>${one.method}</strong> <span class="mono">${one.path}</span>${one.route && one.route !== one.path ? html`<br><span class="mono small muted">${one.route}</span>` : nothing}${one.note ? html`<br><span class="small muted">${one.note}</span>` : nothing}</td>
      <td data-label="Outcome"><span class="word ${look}">${word}</span> <span class="muted">${one.status || nothing}</span></td>
      <td data-label="From">${one.address}<br><span class="mono small muted">${one.request_id}</span></td></tr>`;
  }
}
