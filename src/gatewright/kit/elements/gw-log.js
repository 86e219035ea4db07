import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count } from "./format.js";
import { icon } from "./icons.js";

const KEPT_CHARACTERS = 2_000_000;

/**
 * `<gw-log>`: what a job writes, as it writes it. It holds no connection, so that many
 * tabs can show one. Needs the scope `jobs:read`.
 *
 * @attr {string} system - Name of the system, by default `local`.
 * @attr {string} job - Id of the job.
 * @attr {string} stream - `output` or `error`.
 * @attr {boolean} wrap - Break long lines.
 * @property {import("../client/jobs.js").Job | null} found - The job, if the page has it
 *   already.
 * @fires gw-log-end - `{job, stream}`, when the job has ended and all is shown.
 * @csspart controls - Stream, search and how it is shown.
 * @csspart text - What the job wrote.
 * @example
 * <gw-log id="log"></gw-log>
 * <script type="module">
 * import { gateway } from "/kit/gw.js";
 * const { id } = await gateway.jobs.submit("local", "#!/bin/sh\necho hello\n");
 * document.getElementById("log").job = id;
 * </script>
 */
export class GwLog extends GwElement {
  static properties = {
    system: {}, job: {}, found: { attribute: false }, stream: { reflect: true }, wrap: { type: Boolean, reflect: true },
    following: { state: true }, search: { state: true }, text: { state: true }, cut: { state: true }, open: { state: true },
  };

  static scope = "jobs:read";

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    pre { background: var(--gw-sunk); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); margin: 0; max-block-size: 360px; min-block-size: 72px; overflow: auto; padding: 8px 12px; }
    :host([wrap]) pre { overflow-wrap: anywhere; white-space: pre-wrap; }
    input[type="search"] { inline-size: 150px; }
  `];

  constructor() {
    super();
    this.system = "local";
    this.job = "";
    /** @type {import("../client/jobs.js").Job | null} */
    this.found = null;
    this.stream = "output";
    this.wrap = false;
    this.following = true;
    this.search = "";
    this.text = "";
    this.cut = false;
    this.open = true;
    this._stop = new AbortController();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["system", "job", "stream"].some((name) => changed.has(name))) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._stop.abort();
  }

  async reload() {
    this._stop.abort();
    this._stop = new AbortController();
    const { signal } = this._stop;
    this.text = "";
    this.cut = false;
    this.open = true;
    if (!this.job) return;
    await this.attempt(() => this._read(signal));
    if (signal.aborted || this.error) return;
    this.open = false;
    this.announce("log-end", { job: this.job, stream: this.stream });
  }

  /** @param {AbortSignal} signal */
  async _read(signal) {
    const options = { signal, job: this.found?.id === this.job ? this.found : null, stream: /** @type {"output" | "error"} */ (this.stream) };
    try {
      for await (const part of this.gateway.jobs.follow(this.system, this.job, options)) this._add(part);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  /** @param {string} part */
  _add(part) {
    const text = this.text + part;
    this.cut ||= text.length > KEPT_CHARACTERS;
    this.text = text.length > KEPT_CHARACTERS ? text.slice(text.indexOf("\n", text.length - KEPT_CHARACTERS) + 1) : text;
  }

  /** The lines that are shown. */
  get lines() {
    const lines = this.text.split("\n");
    const wanted = this.search.toLowerCase();
    return wanted ? lines.filter((line) => line.toLowerCase().includes(wanted)) : lines;
  }

  updated() {
    const pre = this.renderRoot.querySelector("pre");
    if (pre && this.following) pre.scrollTop = pre.scrollHeight;
  }

  render() {
    if (this.denied) return this.renderDenied();
    const shown = this.search ? this.lines : null;
    return html`
      <div class="bar" part="controls">
        <div class="bar" role="group" aria-label="Stream">
          ${["output", "error"].map((one) => html`<button aria-pressed=${String(this.stream === one)} @click=${() => (this.stream = one)}>${one === "output" ? "Output" : "Errors"}</button>`)}
        </div>
        <span class="grow"></span>
        <label class="check"><input type="checkbox" .checked=${this.following} @change=${(/** @type {any} */ e) => (this.following = e.target.checked)}>Follow</label>
        <label class="check"><input type="checkbox" .checked=${this.wrap} @change=${(/** @type {any} */ e) => (this.wrap = e.target.checked)}>Wrap</label>
        <input type="search" aria-label="Search the log" placeholder="Search" .value=${this.search} @input=${(/** @type {any} */ e) => (this.search = e.target.value)}>
      </div>
      ${this.renderError()}
      ${this.cut ? html`<p class="small muted">Only the end is shown here; the whole is in the job's file.</p>` : nothing}
      <pre part="text" tabindex="0" aria-label=${this.stream === "output" ? "Output" : "Errors"}>${(shown ? shown.join("\n") : this.text) || (this.open ? "Nothing written yet." : "Nothing was written.")}</pre>
      <p class="small muted" role="status">${this.error ? "Interrupted" : this.open ? html`${icon("running")} Live` : "Complete"}${shown ? ` · ${count(shown.length, "line")} with “${this.search}”` : ""}</p>`;
  }
}
