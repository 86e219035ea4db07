import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { ask } from "./dialog.js";
import { ago, exact, local } from "./format.js";
import { icon } from "./icons.js";
import { after, anew } from "./pages.js";
import { table } from "./styles.js";

/** @typedef {import("../client/admin.js").Account} Account */

/**
 * `<gw-admin-people>`: the accounts with their last use; of the one that is chosen, its
 * sessions and tokens, which can be ended. Accounts can be disabled and enabled. Needs the
 * scope `admin`.
 *
 * @attr {string} person - Name of the chosen account.
 * @attr {number} limit - Accounts that come at first, by default 50.
 * @property {any[] | null} people - The accounts that are shown.
 * @fires gw-person - Name of the account that is chosen, "" when it is closed.
 * @fires gw-disable - The account, before it is disabled or enabled (cancelable).
 * @csspart table - The table.
 * @csspart sessions - The sessions of the chosen account.
 * @example
 * <gw-admin-people limit="10"></gw-admin-people>
 */
export class GwAdminPeople extends GwElement {
  static properties = { person: {}, limit: { type: Number }, people: { attribute: false }, next: { state: true }, sessions: { state: true } };

  static scope = "admin";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    .inside { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); padding: 12px 0; }
    ul { display: grid; gap: 4px; list-style: none; margin: 0; padding: 0; }
    td { overflow-wrap: anywhere; }
    td.actions { text-align: end; }
    time { white-space: nowrap; }
    @container (max-width: 600px) { .inside { padding: 12px; } }
  `];

  constructor() {
    super();
    this.person = "";
    this.limit = 50;
    /** @type {Account[] | null} */
    this.people = null;
    /** @type {string | null} */
    this.next = null;
    /** @type {any[] | null} */
    this.sessions = null;
    this._turn = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("person")) this._look();
  }

  async reload() {
    const page = await this.load(() => anew({ items: this.people, next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
    if (this.person) await this._look();
  }

  /** Shows more accounts. */
  async more() {
    const page = await this.attempt(() => after({ items: this.people ?? [], next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
  }

  /** @param {{limit: number, cursor?: string | null}} part */
  async _part(part) {
    const { people, next } = await this.gateway.admin.people(part, this.signal);
    return { items: people, next };
  }

  /** @param {{items: any[], next: string | null}} page */
  _show(page) {
    this.people = page.items;
    this.next = page.next;
  }

  /** Loads where the chosen person is signed in; an answer that comes late is left aside. */
  async _look() {
    const turn = ++this._turn;
    const { person } = this;
    this.sessions = null;
    if (!person) return;
    const found = await this.attempt(() => this.gateway.admin.sessions(person, this.signal));
    if (turn === this._turn) this.sessions = found;
  }

  /** Shows what is of an account, or closes it. @param {string} name */
  choose(name) {
    this.person = this.person === name ? "" : name;
    this.announce("person", this.person);
  }

  /** Disables an account after a question, or enables it. @param {Account} one */
  async disable(one) {
    const disabled = !one.disabled_at;
    if (!this.announce("disable", one, true)) return;
    if (disabled) {
      const sure = await ask({ title: `Disable “${one.name}”?`, text: "Nobody can sign in to it, its sessions end, and its tokens are refused until you enable it again. Its jobs go on.", action: "Disable the account", danger: true });
      if (sure === null) return;
    }
    const changed = await this.attempt(() => this.gateway.admin.disable(one.name, disabled));
    if (!changed) return;
    this.people = (this.people ?? []).map((other) => (other.name === changed.name ? changed : other));
    if (this.person === one.name) await this._look();
  }

  /** Ends a session of the chosen account. @param {string} key */
  async endSession(key) {
    const { person } = this;
    const sure = await ask({ title: `End this session of “${person}”?`, text: "They have to sign in again there.", action: "End the session", danger: true });
    if (sure === null) return;
    const done = await this.attempt(async () => (await this.gateway.admin.endSession(person, key), true));
    if (done) await this._look();
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`${this.renderError()}
      ${this.people === null ? (this.error ? nothing : this.renderLoading(4)) : this._list(this.people)}`;
  }

  /** @param {Account[]} people */
  _list(people) {
    if (!people.length) return this.renderEmpty("No accounts", "People appear here when they have signed in.");
    return html`<div class="panel"><table part="table">
      <thead><tr><th>Person</th><th>Role</th><th>Account of</th><th>Last seen</th><th><span class="hidden">Actions</span></th></tr></thead>
      <tbody @keydown=${walkRows}>${repeat(people, (one) => one.name, (one) => [this._row(one), this.person === one.name ? this._inside(one) : nothing])}</tbody></table></div>
      ${this.next ? html`<div class="bar"><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  /** @param {Account} one */
  _row(one) {
    const open = this.person === one.name;
    return html`<tr class="row ${open ? "open" : ""}">
      <td class="wide"><button class="link" data-row aria-expanded=${String(open)} @click=${() => this.choose(one.name)}>${one.name}</button>
        ${one.disabled_at ? html` <span class="word failed" title=${exact(one.disabled_at)}>${icon("canceled")}Disabled</span>` : nothing}
        ${one.groups.length ? html`<br><span class="small muted">${one.groups.join(", ")}</span>` : nothing}</td>
      <td data-label="Role">${one.role}</td>
      <td data-label="Account of">${one.source === "local" ? "the gateway" : one.source}</td>
      <td data-label="Last seen">${one.seen_at ? html`<time datetime=${one.seen_at} title=${exact(one.seen_at)}>${ago(one.seen_at)}</time>` : html`<span class="muted">never</span>`}</td>
      <td class="actions">${one.name === this.who?.user ? nothing : html`<button class="quiet" aria-label="${one.disabled_at ? "Enable" : "Disable"} ${one.name}" @click=${() => this.disable(one)}>${one.disabled_at ? "Enable" : "Disable"}</button>`}</td></tr>`;
  }

  /** @param {Account} one */
  _inside(one) {
    return html`<tr class="detail"><td colspan="5"><div class="inside">
      <h3>Signed in</h3>
      ${this.sessions === null ? (this.error ? nothing : this.renderLoading(2)) : this.sessions.length ? html`<ul part="sessions">${this.sessions.map((session) => this._session(session))}</ul>` : html`<p class="muted">Nowhere.</p>`}
      <h3>Tokens</h3>
      <gw-admin-tokens .gateway=${this.gateway} user=${one.name}></gw-admin-tokens></div></td></tr>`;
  }

  /** @param {any} session */
  _session(session) {
    return html`<li class="bar"><span class="grow">Since <time datetime=${session.created_at} title=${exact(session.created_at)}>${local(session.created_at)}</time> from ${session.address || "an unknown address"}${session.made_by ? ` by ${session.made_by}` : ""}, used <time datetime=${session.used_at} title=${exact(session.used_at)}>${ago(session.used_at)}</time></span>
      ${session.current ? html`<span class="muted">this one</span>` : html`<button aria-label="End the session since ${local(session.created_at)} from ${session.address}" @click=${() => this.endSession(session.key)}>End it</button>`}</li>`;
  }
}
