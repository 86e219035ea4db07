import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { newKey } from "../client/http.js";
import { icon } from "./icons.js";
import { quoted, split } from "./shell-words.js";

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
 * @attr {string} from - Id of a job whose specification fills the form; what the form
 *   has no field for is kept, but for the jobs that it waited for.
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
    cores: { type: Number }, minutes: { type: Number }, from: {}, busy: { state: true }, sent: { state: true },
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
    this.from = "";
    /** @type {Record<string, any>} What is kept of another job's specification. */
    this._kept = {};
    this.busy = false;
    /** @type {import("../client/jobs.js").Job | null} */
    this.sent = null;
    this._key = newKey();
  }

  /** The job as PSI/J says it. */
  get specification() {
    const words = split(this.command);
    const { resources, attributes, ...kept } = this._kept;
    const limited = Number.isFinite(this.minutes) && this.minutes > 0;
    return {
      ...kept,
      ...(this.name ? { name: this.name } : {}),
      ...(this.kind === "script" ? { script: this.script } : { executable: words[0], arguments: words.slice(1) }),
      resources: { ...resources, cpu_cores_per_process: this.cores },
      attributes: { ...attributes, ...(limited ? { duration: Math.round(this.minutes * 60) } : {}) },
    };
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("from") && this.from) this.reload();
  }

  /** Fills the form from the job that it names. */
  async reload() {
    const { from, system } = this;
    if (!from) return;
    const job = await this.attempt(() => this.gateway.jobs.get(system, from, this.signal));
    if (!job || from !== this.from) return;
    const { script, executable, arguments: words, name, dependencies, ...kept } = job.spec;
    const { duration, ...attributes } = kept.attributes ?? {};
    this._kept = { ...kept, attributes };
    this.kind = script === null || script === undefined ? "command" : "script";
    this.script = script ?? FIRST_SCRIPT;
    this.command = [executable, ...(words ?? [])].filter((word) => word !== null && word !== undefined).map(quoted).join(" ");
    this.name = name ?? "";
    this.cores = kept.resources?.cpu_cores_per_process ?? 1;
    this.minutes = duration ? duration / 60 : NaN;
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
        <label class="field">Minutes<input type="number" min="0.1" step="any" ?required=${!this.from} placeholder="no limit" .value=${Number.isFinite(this.minutes) ? String(this.minutes) : ""} @input=${this._set("minutes")}></label>
      </div>
      ${this.from ? html`<p class="small muted">Its folder, files, variables, array and other resources are those of job ${this.from}; it waits for no other job.</p>` : nothing}
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
