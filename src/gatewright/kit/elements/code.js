/** The same request for the command line, Python and R, ready to paste. */
import { LitElement, html } from "../vendor/lit.js";
import { icon } from "./icons.js";
import { base, controls } from "./styles.js";
import { css } from "../vendor/lit.js";

/**
 * @typedef {object} Snippet
 * @property {string} url @property {string} [method]
 * @property {any} [json] Body as a JSON value. @property {string} [text] Body as text.
 * @property {string} [type] Media type of a text. @property {string} [upload] File to send.
 * @property {string} [save] File to write the answer to.
 * @property {boolean} [open] Whether it needs no token.
 */

/** @param {string} text Text between single quotes of a shell. */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {Snippet} snippet */
export function curl(snippet) {
  const lines = [`curl --fail-with-body ${shell(snippet.url)}`];
  if (!snippet.open) lines.push(`-H "Authorization: Bearer $GATEWRIGHT_TOKEN"`);
  if ((snippet.method ?? "GET") !== "GET") lines.push(`-X ${snippet.method}`);
  if (snippet.json !== undefined) lines.push(`--json ${shell(JSON.stringify(snippet.json))}`);
  if (snippet.text !== undefined) lines.push(`-H 'Content-Type: ${snippet.type}'`, `--data-binary ${shell(snippet.text)}`);
  if (snippet.upload) lines.push(`--upload-file ${shell(snippet.upload)}`);
  if (snippet.save) lines.push(`-o ${shell(snippet.save)}`);
  return lines.join(" \\\n  ");
}

/** @param {Snippet} snippet */
export function python(snippet) {
  const more = [];
  if (!snippet.open) more.push(`headers={"Authorization": f"Bearer {os.environ['GATEWRIGHT_TOKEN']}"${snippet.text === undefined ? "" : `, "Content-Type": ${JSON.stringify(snippet.type)}`}}`);
  if (snippet.json !== undefined) more.push(`json=${pythonValue(snippet.json)}`);
  if (snippet.text !== undefined) more.push(`data=${JSON.stringify(snippet.text)}.encode()`);
  if (snippet.upload) more.push(`data=open(${JSON.stringify(snippet.upload)}, "rb")`);
  const call = `requests.request(\n    ${[JSON.stringify(snippet.method ?? "GET"), JSON.stringify(snippet.url), ...more].join(",\n    ")},\n)`;
  const after = snippet.save
    ? `open(${JSON.stringify(snippet.save)}, "wb").write(answer.content)`
    : "print(answer.json() if answer.content else answer.status_code)";
  return `${snippet.open ? "" : "import os\n"}import requests\n\nanswer = ${call}\nanswer.raise_for_status()\n${after}`;
}

/** @param {any} value A JSON value as Python writes it. @returns {string} */
function pythonValue(value) {
  if (value === null) return "None";
  if (value === true || value === false) return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonValue(v)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** @param {Snippet} snippet */
export function r(snippet) {
  const steps = [`request(${JSON.stringify(snippet.url)})`];
  if (!snippet.open) steps.push(`req_auth_bearer_token(Sys.getenv("GATEWRIGHT_TOKEN"))`);
  if ((snippet.method ?? "GET") !== "GET") steps.push(`req_method(${JSON.stringify(snippet.method)})`);
  if (snippet.json !== undefined) steps.push(`req_body_raw(${JSON.stringify(JSON.stringify(snippet.json))}, "application/json")`);
  if (snippet.text !== undefined) steps.push(`req_body_raw(${JSON.stringify(snippet.text)}, ${JSON.stringify(snippet.type)})`);
  if (snippet.upload) steps.push(`req_body_file(${JSON.stringify(snippet.upload)})`);
  steps.push(snippet.save ? `req_perform(path = ${JSON.stringify(snippet.save)})` : "req_perform()");
  return `library(httr2)\n\nanswer <- ${steps.join(" |>\n  ")}${snippet.save ? "" : "\nresp_body_json(answer)"}`;
}

const LANGUAGES = [["curl", curl], ["Python", python], ["R", r]];

/**
 * `<gw-code>`: a menu that shows a request as code and copies it.
 *
 * @property {Snippet} snippet @fires gw-copy
 */
export class GwCode extends LitElement {
  static properties = { snippet: { attribute: false }, language: { reflect: true }, copied: { state: true }, open: { state: true } };

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
  }

  /** The request in the chosen language. */
  get text() {
    const found = LANGUAGES.find(([name]) => name === this.language) ?? LANGUAGES[0];
    return /** @type {(snippet: Snippet) => string} */ (found[1])(this.snippet);
  }

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
        ${LANGUAGES.map(([name]) => html`<button aria-pressed=${String(this.language === name)} @click=${() => this._choose(String(name))}>${name}</button>`)}
        <span class="grow"></span>
        <button class="primary" @click=${this.copy}>${icon("copy")} ${this.copied ? "Copied" : "Copy"}</button>
      </div>
      <pre tabindex="0" aria-label="Code">${this.text}</pre>
      ${this.snippet.open ? "" : html`<p class="small muted">GATEWRIGHT_TOKEN holds a personal token, made on the page Account.</p>`}
      <span class="hidden" role="status">${this.copied ? "Copied" : ""}</span>
    </div>`;
  }

  /** @param {Event} event Keeps the menu inside the window. */
  _place(event) {
    this.open = /** @type {HTMLDetailsElement} */ (event.target).open;
    this.updateComplete.then(() => {
      const menu = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".menu"));
      if (menu && menu.getBoundingClientRect().left < 8) {
        menu.style.right = `${Math.round(menu.getBoundingClientRect().left - 8)}px`;
      }
    });
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
