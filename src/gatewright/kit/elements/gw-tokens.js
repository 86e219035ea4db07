import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { ask } from "./dialog.js";
import { ago, exact, local } from "./format.js";
import { icon } from "./icons.js";
import { table } from "./styles.js";

const DAY = 86400;
const LIVES = [[7 * DAY, "7 days"], [30 * DAY, "30 days"], [90 * DAY, "90 days"], [365 * DAY, "a year"]];

/**
 * `<gw-tokens>`: the caller's personal tokens. Needs the scope `account:read`, and
 * `account:manage` to make and revoke them.
 *
 * @property {string[]} scopes - Those that a token may be given; by default the person's
 *   own.
 * @property {any[] | null} tokens - The tokens that are shown.
 * @fires gw-created - The new token with its text, which is shown only once.
 * @fires gw-revoke - The token, before it is revoked (cancelable).
 * @csspart table - The table.
 * @csspart form - The form.
 * @csspart secret - The text of a new token.
 * @example
 * <gw-tokens></gw-tokens>
 */
export class GwTokens extends GwElement {
  static properties = { scopes: { attribute: false }, tokens: { attribute: false }, secret: { state: true }, copied: { state: true } };

  static scope = "account:read";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    form { display: grid; gap: 12px; padding: 16px; }
    fieldset { border: 0; display: flex; flex-wrap: wrap; gap: 0 16px; margin: 0; padding: 0; }
    legend { font-size: var(--gw-small); padding: 0; }
    .two { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr) 140px; max-inline-size: 520px; }
    .secret { background: var(--gw-accent-soft); border: 1px solid var(--gw-accent); border-radius: var(--gw-corner); display: grid; gap: 8px; padding: 12px 16px; }
    .secret code { background: var(--gw-panel); border-radius: 4px; overflow-wrap: anywhere; padding: 8px; user-select: all; }
    .scopes { color: var(--gw-muted); max-inline-size: 40ch; overflow-wrap: anywhere; }
    td.actions { text-align: end; }
    time { white-space: nowrap; }
  `];

  constructor() {
    super();
    /** @type {string[]} */
    this.scopes = [];
    /** @type {any[] | null} */
    this.tokens = null;
    this.secret = "";
    this.copied = false;
    this._latest = {};
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  async reload() {
    const asked = (this._latest = {});
    const answer = await this.load(() => this.gateway.accounts.tokens(this.signal));
    if (answer && asked === this._latest) this.tokens = [...answer.tokens].reverse();
  }

  /** Makes a token, and shows its text this once. @param {{label: string, scopes: string[], expires_in: number}} token Seconds that it lasts. */
  async create(token) {
    const made = await this.attempt(() => this.gateway.accounts.createToken(token));
    if (!made) return null;
    this.secret = made.token;
    this.copied = false;
    this.announce("created", made);
    await this.reload();
    return made;
  }

  /** Makes a token useless, after a question. @param {any} token */
  async revoke(token) {
    if (!this.announce("revoke", token, true)) return;
    const sure = await ask({ title: `Revoke “${token.label || token.key}”?`, text: "Scripts that use this token are refused from now on.", action: "Revoke the token", danger: true });
    if (sure === null) return;
    const done = await this.attempt(async () => (await this.gateway.accounts.revokeToken(token.key), true));
    if (done) await this.reload();
  }

  /** @param {SubmitEvent} event */
  async _submit(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    const data = new FormData(form);
    const made = await this.create({ label: String(data.get("label")), scopes: data.getAll("scope").map(String), expires_in: Number(data.get("life")) });
    if (made) form.reset();
  }

  async _copy() {
    await navigator.clipboard.writeText(this.secret);
    this.copied = true;
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`
      ${this.renderError()}
      ${this.secret ? html`<div class="secret" part="secret" role="status"><strong>Copy the token now; it is shown this once.</strong>
        <code>${this.secret}</code>
        <div class="bar"><button class="primary" @click=${this._copy}>${icon("copy")} ${this.copied ? "Copied" : "Copy"}</button><button @click=${() => (this.secret = "")}>I have it</button></div></div>` : nothing}
      ${this.tokens === null ? (this.error ? nothing : this.renderLoading(3)) : this._list(this.tokens)}
      ${this.may("account:manage") ? this._form() : nothing}`;
  }

  _form() {
    const scopes = this.scopes.length ? this.scopes : (this.who?.scopes ?? []);
    return html`<form class="panel" part="form" @submit=${this._submit} aria-label="New token">
        <h3>New token</h3>
        <div class="two">
          <label class="field">What it is for<input name="label" maxlength="200" required autocomplete="off" placeholder="notebook on my laptop"></label>
          <label class="field">Lasts<select name="life">${LIVES.map(([seconds, word]) => html`<option value=${seconds} ?selected=${seconds === 90 * DAY}>${word}</option>`)}</select></label>
        </div>
        <fieldset><legend>It may</legend>${scopes.map((scope) => html`<label class="check"><input type="checkbox" name="scope" value=${scope} ?checked=${scope.endsWith(":read")}><span class="mono">${scope}</span></label>`)}</fieldset>
        <div class="bar"><button class="primary">${icon("key")} Make the token</button></div>
      </form>`;
  }

  /** @param {any[]} tokens */
  _list(tokens) {
    if (!tokens.length) return html`<div class="panel">${this.renderEmpty("No tokens", "Make one below to use the gateway from curl, Python or R.")}</div>`;
    return html`<div class="panel"><table part="table">
      <thead><tr><th>For</th><th>May</th><th>Last used</th><th>Ends</th><th><span class="hidden">Actions</span></th></tr></thead>
      <tbody @keydown=${walkRows}>${repeat(tokens, (token) => token.key, (token) => html`<tr class="row">
        <td class="wide"><strong>${token.label || "without a name"}</strong><br><span class="mono small muted">gw_${token.key}</span>${token.job ? html`<br><span class="small muted">of job ${token.job.id} on ${token.job.system}, and ends with it</span>` : nothing}</td>
        <td class="wide"><span class="scopes mono">${token.scopes.join(" ")}</span></td>
        <td data-label="Last used">${token.last_used_at ? html`<time title=${exact(token.last_used_at)}>${ago(token.last_used_at)}</time>${token.last_used_from ? html` <span class="muted">from ${token.last_used_from}</span>` : nothing}` : html`<span class="muted">never</span>`}</td>
        <td data-label="Ends"><time title=${exact(token.expires_at)}>${local(token.expires_at)}</time></td>
        <td class="actions">${this.may("account:manage") ? html`<button class="quiet" data-row aria-label="Revoke ${token.label || token.key}" @click=${() => this.revoke(token)}>Revoke</button>` : nothing}</td>
      </tr>`)}</tbody></table></div>`;
  }
}
