import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { ask } from "./dialog.js";
import { ago, exact, local } from "./format.js";
import { after, anew } from "./pages.js";
import { table } from "./styles.js";

/**
 * `<gw-admin-tokens>`: the personal tokens of everybody, or of one person, without their
 * secrets. They can be revoked. Needs the scope `admin`.
 *
 * @attr {string} user - Account whose tokens are shown; all by default.
 * @attr {number} limit - Tokens that come at first, by default 50.
 * @property {any[] | null} tokens - The tokens that are shown.
 * @fires gw-revoke - The token, before it is revoked (cancelable).
 * @csspart table - The table.
 * @example
 * <gw-admin-tokens limit="10"></gw-admin-tokens>
 */
export class GwAdminTokens extends GwElement {
  static properties = { user: {}, limit: { type: Number }, tokens: { attribute: false }, next: { state: true } };

  static scope = "admin";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    .scopes { color: var(--gw-muted); max-inline-size: 40ch; overflow-wrap: anywhere; }
    td { overflow-wrap: anywhere; }
    td.actions { text-align: end; }
    time { white-space: nowrap; }
  `];

  constructor() {
    super();
    this.user = "";
    this.limit = 50;
    /** @type {any[] | null} */
    this.tokens = null;
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
    if (!changed.has("user")) return;
    [this.tokens, this.next] = [null, null];
    this.reload();
  }

  async reload() {
    const turn = ++this._turn;
    const page = await this.load(() => anew({ items: this.tokens, next: this.next }, this.limit, (part) => this._part(part)));
    if (page && turn === this._turn) this._show(page);
  }

  /** Shows more tokens. */
  async more() {
    const page = await this.attempt(() => after({ items: this.tokens ?? [], next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
  }

  /** @param {{limit: number, cursor?: string | null}} part */
  async _part(part) {
    const { tokens, next } = await this.gateway.admin.tokens({ ...part, user: this.user }, this.signal);
    return { items: tokens, next };
  }

  /** @param {{items: any[], next: string | null}} page */
  _show(page) {
    this.tokens = page.items;
    this.next = page.next;
  }

  /** Makes a token useless, after a question. @param {any} token */
  async revoke(token) {
    if (!this.announce("revoke", token, true)) return;
    const sure = await ask({ title: `Revoke “${token.label || token.key}” of “${token.user}”?`, text: "Scripts that use this token, or one that was made with it, are refused from now on.", action: "Revoke the token", danger: true });
    if (sure === null) return;
    const done = await this.attempt(async () => (await this.gateway.admin.revokeToken(token.key), true));
    if (done) await this.reload();
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`${this.renderError()}
      ${this.tokens === null ? (this.error ? nothing : this.renderLoading(3)) : this._list(this.tokens)}`;
  }

  /** @param {any[]} tokens */
  _list(tokens) {
    if (!tokens.length) return this.renderEmpty("No tokens", this.user ? "This account has made none." : "Tokens that people make appear here.");
    return html`<div class="panel"><table part="table">
      <thead><tr>${this.user ? nothing : html`<th>Person</th>`}<th>For</th><th>May</th><th>Last used</th><th>Ends</th><th><span class="hidden">Actions</span></th></tr></thead>
      <tbody @keydown=${walkRows}>${repeat(tokens, (token) => token.key, (token) => this._row(token))}</tbody></table></div>
      ${this.next ? html`<div class="bar"><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  /** @param {any} token */
  _row(token) {
    const ended = Date.parse(token.expires_at) <= Date.now();
    return html`<tr class="row">
      ${this.user ? nothing : html`<td data-label="Person">${token.user}</td>`}
      <td class="wide"><strong>${token.label || "without a name"}</strong><br><span class="mono small muted">gw_${token.key}</span>${token.job ? html`<br><span class="small muted">of job ${token.job.id} on ${token.job.system}, and ends with it</span>` : nothing}</td>
      <td class="wide"><span class="scopes mono">${token.scopes.join(" ")}</span></td>
      <td data-label="Last used">${token.last_used_at ? html`<time datetime=${token.last_used_at} title=${exact(token.last_used_at)}>${ago(token.last_used_at)}</time>${token.last_used_from ? html` <span class="muted">from ${token.last_used_from}</span>` : nothing}` : html`<span class="muted">never</span>`}</td>
      <td data-label="Ends"><time datetime=${token.expires_at} title=${exact(token.expires_at)}>${local(token.expires_at)}</time>${ended ? html` <span class="muted">has ended</span>` : nothing}</td>
      <td class="actions"><button class="quiet" data-row aria-label="Revoke ${token.label || token.key} of ${token.user}" @click=${() => this.revoke(token)}>Revoke</button></td></tr>`;
  }
}
