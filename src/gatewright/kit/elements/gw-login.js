import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { icon } from "./icons.js";

/**
 * `<gw-login>`: who is signed in, or the form to do so.
 *
 * @attr {string} next - Address on this gateway to open once signed in.
 * @fires gw-login - The session, after a person has signed in or was found to be so.
 * @fires gw-before-logout - The session, before it is ended (cancelable).
 * @fires gw-logout - The session of a visitor, after signing out.
 * @slot help - Beside the form.
 * @csspart form - The form.
 * @csspart providers - The identity providers to sign in with.
 * @csspart person - Who is signed in.
 * @example
 * <gw-login></gw-login>
 */
export class GwLogin extends GwElement {
  static properties = { next: {}, session: { state: true }, busy: { state: true }, providers: { state: true } };

  static styles = [GwElement.styles, css`
    :host { container-type: normal; }
    .person { flex-wrap: nowrap; }
    form { display: grid; gap: 12px; max-inline-size: 340px; }
    .person { min-block-size: 32px; }
    .role { color: var(--gw-muted); }
    .providers { display: grid; gap: 8px; margin-block-end: 20px; max-inline-size: 340px; }
    .providers .button { justify-content: center; }
    .wrong { color: var(--gw-failed); }
  `];

  constructor() {
    super();
    this.next = "";
    /** @type {import("../client/accounts.js").Session | null} */
    this.session = null;
    this.busy = false;
    /** @type {import("../client/accounts.js").Provider[]} */
    this.providers = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  async reload() {
    this.session = await this.load(() => this.gateway.auth.session());
    if (this.session?.user) this.announce("login", this.session);
    // Without an answer there is still the form, and its own error.
    else this.providers = await this.gateway.auth.providers().catch(() => []);
  }

  /** Signs in, as the form does. @param {string} user @param {string} password */
  async signIn(user, password) {
    this.busy = true;
    const session = await this.attempt(() => this.gateway.auth.signIn(user, password));
    this.busy = false;
    if (!session) return;
    if (this.next.startsWith("/") && !/^\/[/\\]/.test(this.next)) location.assign(this.next);
  }

  /** Ends the session. */
  async signOut() {
    if (!this.announce("before-logout", this.session, true)) return;
    const session = await this.attempt(() => this.gateway.auth.signOut());
    if (session) this.announce("logout", session);
  }

  /** @param {SubmitEvent} event */
  _submit(event) {
    event.preventDefault();
    const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
    this.signIn(String(data.get("user")), String(data.get("password")));
  }

  render() {
    if (this.session?.user) return this._person();
    if (this.loading && !this.session) return this.renderLoading(1);
    if (this.error && this.error.status !== 401 && !this.session) return this.renderError();
    return this._form();
  }

  _person() {
    return html`<div class="bar person" part="person">
      ${icon("account")}<span>${this.session?.user} <span class="role">${this.session?.role}</span></span>
      <button class="quiet" @click=${this.signOut}>Sign out</button>
    </div>`;
  }

  /** @param {import("../client/accounts.js").Provider} provider @returns {string} */
  _address(provider) {
    const url = new URL(provider.url, location.href);
    if (url.origin === location.origin) url.searchParams.set("next", this.next || location.pathname + location.search);
    return url.href;
  }

  _providers() {
    const still = this.gateway.auth.stillSignedIn;
    if (!this.providers.length && !still) return nothing;
    return html`<div class="providers" part="providers">
      ${still ? html`<p role="status">You are signed out here. ${still.provider} still knows you, and signs in whoever uses this browser.</p>
        <a class="button" href=${still.url}>Sign out of ${still.provider} too</a>` : nothing}
      ${this.providers.map((one) => html`<a class="button primary" href=${this._address(one)}>Sign in with ${one.title}</a>`)}
    </div>`;
  }

  _form() {
    return html`${this._providers()}<form part="form" @submit=${this._submit} aria-label="Sign in">
      <label class="field">User name<input name="user" autocomplete="username" autocapitalize="off" spellcheck="false" required></label>
      <label class="field">Password<input name="password" type="password" autocomplete="current-password" required></label>
      ${this.error ? html`<p class="wrong" role="alert">${this.error.status === 401 ? "This name and password do not go together. Try again." : this.error.message}</p>` : nothing}
      <div class="bar"><button class="primary" ?disabled=${this.busy}>${this.busy ? "Signing in …" : "Sign in"}</button><slot name="help"></slot></div>
    </form>`;
  }
}
