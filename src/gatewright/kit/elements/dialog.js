/** Questions before something is done. */
import { LitElement, css, html, nothing } from "../vendor/lit.js";
import { base, controls } from "./styles.js";

/**
 * @typedef {object} Question
 * @property {string} title @property {string} [text]
 * @property {string} action The verb on the button.
 * @property {boolean} [danger]
 * @property {string} [field] Label of a text to ask for. @property {string} [value] Its first value.
 */

/**
 * Asks a question. Returns the text ("" if the question has no field), or null if it was refused.
 * @param {Question} question @returns {Promise<string | null>}
 */
export function ask(question) {
  const dialog = /** @type {GwDialog} */ (document.createElement("gw-dialog"));
  dialog.question = question;
  document.body.append(dialog);
  return dialog.answer.finally(() => dialog.close());
}

/** `<gw-dialog>`: one question, used by `ask`. */
export class GwDialog extends LitElement {
  static properties = { question: { attribute: false } };

  static styles = [base, controls, css`
    dialog { background: var(--gw-panel); border: 1px solid var(--gw-edge); border-radius: var(--gw-corner); box-shadow: 0 12px 48px rgb(0 0 0 / 0.3); color: var(--gw-text); inline-size: min(440px, calc(100vw - 24px)); padding: 16px; }
    dialog::backdrop { background: rgb(0 0 0 / 0.4); }
    form { display: grid; gap: 12px; }
    .bar { justify-content: end; }
    p { overflow-wrap: anywhere; }
    button.danger.primary { background: var(--gw-failed); color: var(--gw-on-accent); }
  `];

  constructor() {
    super();
    /** @type {Question} */
    this.question = { title: "", action: "" };
    /** @type {Promise<string | null>} */
    this.answer = new Promise((resolve) => (this._resolve = resolve));
  }

  /** Ends; only a dialog that is closed gives the focus back to where it was. */
  close() {
    this.renderRoot.querySelector("dialog")?.close();
    this.remove();
  }

  firstUpdated() {
    this.renderRoot.querySelector("dialog")?.showModal();
    this.renderRoot.querySelector("input")?.select();
  }

  render() {
    const { title, text, action, danger, field, value } = this.question;
    return html`<dialog aria-labelledby="title" @close=${() => this._resolve?.(null)}>
      <form @submit=${this._yes}>
        <h2 id="title">${title}</h2>
        ${text ? html`<p>${text}</p>` : nothing}
        ${field ? html`<label class="field">${field}<input name="text" required .value=${value ?? ""} autocomplete="off" spellcheck="false"></label>` : nothing}
        <div class="bar">
          <button type="button" @click=${() => this._resolve?.(null)}>Keep as it is</button>
          <button class="primary ${danger ? "danger" : ""}">${action}</button>
        </div>
      </form>
    </dialog>`;
  }

  /** @param {SubmitEvent} event */
  _yes(event) {
    event.preventDefault();
    this._resolve?.(this.renderRoot.querySelector("input")?.value ?? "");
  }
}

if (!customElements.get("gw-dialog")) customElements.define("gw-dialog", GwDialog);
