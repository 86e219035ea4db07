import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { newKey } from "../client/http.js";
import { icon } from "./icons.js";

const FIRST_SCRIPT = `#!/bin/sh
echo "Hello from $(hostname)"
`;

/**
 * `<gw-job-form>`: submits a script or a command. Needs the scope `jobs:submit`.
 *
 * @attr {string} system - Name of the system, by default `local`.
 * @attr {string} kind - `script` or `command`.
 * @attr {string} name - Name of the job.
 * @attr {string} script - The script that the form has.
 * @attr {string} command - Program and arguments, for the kind `command`.
 * @attr {number} cores - CPU cores, by default 1.
 * @attr {number} minutes - Longest time, by default 10.
 * @fires gw-submit - The specification, before it is sent (cancelable).
 * @fires gw-submitted - The job.
 * @slot more - Further fields for people to read.
 * @csspart form - The form.
 * @example
 * <gw-job-form name="fit" minutes="5"></gw-job-form>
 */
export class GwJobForm extends GwElement {
  static properties = {
    system: {}, kind: { reflect: true }, name: {}, script: {}, command: {},
    cores: { type: Number }, minutes: { type: Number }, busy: { state: true }, sent: { state: true },
  };

  static scope = "jobs:submit";

  static styles = [GwElement.styles, css`
    form { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    .row { align-items: end; display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr) 84px 104px; }
    textarea { inline-size: 100%; min-block-size: 148px; }
    .command { font-family: var(--gw-mono); }
    @container (max-width: 420px) {
      .row { grid-template-columns: 1fr 1fr; }
      .row > :first-child { grid-column: 1 / -1; }
    }
  `];

  constructor() {
    super();
    this.system = "local";
    this.kind = "script";
    this.name = "";
    this.script = FIRST_SCRIPT;
    this.command = "";
    this.cores = 1;
    this.minutes = 10;
    this.busy = false;
    /** @type {import("../client/jobs.js").Job | null} */
    this.sent = null;
    this._key = newKey();
  }

  /** The job as PSI/J says it. */
  get specification() {
    const words = split(this.command);
    return {
      ...(this.name ? { name: this.name } : {}),
      ...(this.kind === "script" ? { script: this.script } : { executable: words[0], arguments: words.slice(1) }),
      resources: { cpu_cores_per_process: this.cores },
      attributes: { duration: Math.round(this.minutes * 60) },
    };
  }

  /** Submits what the form says; returns the job, or null if it was not taken. */
  async submit() {
    const job = this.specification;
    if (!this.announce("submit", job, true)) return null;
    this.busy = true;
    // One key for every try of this form: a lost answer must not make a second job.
    const sent = await this.attempt(() => this.gateway.jobs.submit(this.system, job, { idempotencyKey: this._key }));
    this.busy = false;
    if (!sent) {
      if (this.error?.status) this._key = newKey();
      return null;
    }
    this._key = newKey();
    this.sent = sent;
    this.announce("submitted", sent);
    return sent;
  }

  /** @param {SubmitEvent} event */
  _submit(event) {
    event.preventDefault();
    this.submit();
  }

  /** @param {string} name */
  _set(name) {
    return (/** @type {any} */ event) => {
      const { type, valueAsNumber, value } = event.target;
      Object.assign(this, { [name]: type === "number" ? valueAsNumber : value });
    };
  }

  render() {
    if (this.denied || this.who === undefined) return this.renderDenied();
    return html`<form part="form" @submit=${this._submit} aria-label="Submit a job">
      <div class="bar" role="group" aria-label="What to run">
        <button type="button" aria-pressed=${String(this.kind === "script")} @click=${() => (this.kind = "script")}>Script</button>
        <button type="button" aria-pressed=${String(this.kind === "command")} @click=${() => (this.kind = "command")}>Command</button>
      </div>
      ${this.kind === "script"
        ? html`<label class="field">Script<textarea required spellcheck="false" .value=${this.script} @input=${this._set("script")}></textarea></label>`
        : html`<label class="field">Program and arguments<input class="command" required spellcheck="false" autocomplete="off" placeholder="python3 fit.py --night 12" .value=${this.command} @input=${this._set("command")}></label>`}
      <div class="row">
        <label class="field">Name<input maxlength="128" autocomplete="off" placeholder="job" .value=${this.name} @input=${this._set("name")}></label>
        <label class="field">Cores<input type="number" min="1" max="100000" required .value=${String(this.cores)} @input=${this._set("cores")}></label>
        <label class="field">Minutes<input type="number" min="0.1" step="any" required .value=${String(this.minutes)} @input=${this._set("minutes")}></label>
      </div>
      <slot name="more"></slot>
      ${this.error ? html`<div class="state error" role="alert"><strong>${this.error.title ?? "Not submitted"}</strong><p>${this.error.message}</p></div>` : nothing}
      <div class="bar">
        <button class="primary" ?disabled=${this.busy}>${this.busy ? "Submitting …" : "Submit"}</button>
        <span class="grow small muted" role="status">${this.sent ? html`${icon("done")} Submitted as job ${this.sent.id}` : ""}</span>
        ${this.renderCode({ url: this.gateway.http.url(this.gateway.jobs.path(this.system)), method: "POST", json: this.specification })}
      </div>
    </form>`;
  }
}

/**
 * Splits a line into words as a shell does: blanks part them, quotes and `\` keep them.
 * @param {string} line
 */
export function split(line) {
  const words = [];
  for (const match of line.matchAll(/(?:[^\s"'\\]|\\.|"(?:[^"\\]|\\.)*"|'[^']*')+/g)) {
    words.push(match[0].replace(/\\(.)|"((?:[^"\\]|\\.)*)"|'([^']*)'/g, (_, one, double, single) =>
      one ?? single ?? double.replace(/\\(["\\$`])/g, "$1")));
  }
  return words;
}
