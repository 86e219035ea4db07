/** The same request for the command line, Python and R, ready to paste. */
import { LitElement, css, html } from "../vendor/lit.js";
import { icon } from "./icons.js";
import { base, controls } from "./styles.js";

/** @typedef {import("./snippets.js").Snippet} Snippet */

/**
 * `<gw-code>`: a menu that shows a request as code for curl, Python and R, and copies it.
 *
 * @property {Snippet} snippet - The request: `url`, and where it needs them `method`,
 *   `json`, `text` with `type`, `upload`, `save` (a file for the answer), `open` (no token
 *   needed).
 * @attr {string} language - What is shown: `curl`, `Python` or `R`.
 * @fires gw-copy - `{language, text}`, after copying.
 * @example
 * <gw-code id="code"></gw-code>
 * <script type="module">
 * import { gateway } from "/kit/gw.js";
 * const url = gateway.http.url("/api/v1/datasets");
 * document.getElementById("code").snippet = { url, open: true };
 * </script>
 */
export class GwCode extends LitElement {
  static properties = { snippet: { attribute: false }, language: { reflect: true }, copied: { state: true }, open: { state: true }, languages: { state: true } };

  static styles = [base, controls, css`
    :host { container-type: normal; display: inline-block; }
    summary { cursor: pointer; list-style: none; }
    summary::-webkit-details-marker { display: none; }
    details { position: relative; }
    .menu { background: var(--gw-panel); border: 1px solid var(--gw-edge); border-radius: var(--gw-corner); box-shadow: 0 6px 24px rgb(0 0 0 / 0.18); display: grid; gap: 8px; inline-size: min(520px, 86vw); inset-block-start: calc(100% + 4px); inset-inline-end: 0; padding: 12px; position: absolute; z-index: 20; }
    pre { background: var(--gw-sunk); border-radius: 4px; margin: 0; max-block-size: 260px; overflow: auto; padding: 8px; white-space: pre-wrap; word-break: break-word; }
  `];

  constructor() {
    super();
    /** @type {Snippet} */
    this.snippet = { url: "" };
    this.language = "curl";
    this.copied = false;
    this.open = false;
    /** @type {[string, (snippet: Snippet) => string][]} */
    this.languages = [];
  }

  /** The request in the chosen language, once the menu has been opened. */
  get text() {
    const found = this.languages.find(([name]) => name === this.language) ?? this.languages[0];
    return found ? found[1](this.snippet) : "";
  }

  /** Copies the code that is shown. */
  async copy() {
    await navigator.clipboard.writeText(this.text);
    this.copied = true;
    this.dispatchEvent(new CustomEvent("gw-copy", { detail: { language: this.language, text: this.text }, bubbles: true, composed: true }));
    setTimeout(() => (this.copied = false), 2000);
  }

  /** @param {string} language */
  _choose(language) {
    this.language = language;
    this.copied = false;
  }

  render() {
    return html`<details @toggle=${this._place} @keydown=${this._escape} @focusout=${this._leave}>
      <summary class="button quiet square" title="Copy as code">${icon("code")}<span class="hidden">Copy as code</span></summary>
      ${this.open ? this._menu() : ""}
    </details>`;
  }

  _menu() {
    return html`<div class="menu">
      <div class="bar" role="group" aria-label="Language">
        ${this.languages.map(([name]) => html`<button aria-pressed=${String(this.language === name)} @click=${() => this._choose(name)}>${name}</button>`)}
        <span class="grow"></span>
        <button class="primary" @click=${this.copy}>${icon("copy")} ${this.copied ? "Copied" : "Copy"}</button>
      </div>
      <pre tabindex="0" aria-label="Code">${this.text}</pre>
      ${this.snippet.open ? "" : html`<p class="small muted">GATEWRIGHT_TOKEN holds a personal token, made on the page Account.</p>`}
      <span class="hidden" role="status">${this.copied ? "Copied" : ""}</span>
    </div>`;
  }

  /** @param {Event} event Keeps the menu inside the window. */
  async _place(event) {
    this.open = /** @type {HTMLDetailsElement} */ (event.target).open;
    if (!this.open) return;
    this.languages = (await import("./snippets.js")).LANGUAGES;
    await this.updateComplete;
    const menu = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".menu"));
    if (menu && menu.getBoundingClientRect().left < 8) {
      menu.style.right = `${Math.round(menu.getBoundingClientRect().left - 8)}px`;
    }
  }

  /** @param {KeyboardEvent} event */
  _escape(event) {
    if (event.key === "Escape") this._close();
  }

  /** @param {FocusEvent} event */
  _leave(event) {
    const to = /** @type {Node | null} */ (event.relatedTarget);
    if (to && !this.renderRoot.contains(to)) this._close();
  }

  _close() {
    const details = this.renderRoot.querySelector("details");
    if (details) details.open = false;
  }
}
