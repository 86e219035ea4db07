import { ACTIVE_STATES } from "../client/jobs.js";
import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { css, html, nothing, svg } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { duration, exact, local, secondsBetween, size } from "./format.js";
import { icon } from "./icons.js";
import { number } from "./job-arrays.js";
import { STATES, elapsed, stateWord, taskWords } from "./job-words.js";

/** @typedef {import("../client/jobs.js").Job} Job */
/** @typedef {{word: string, used: number | null, asked: number | null, say: (amount: number) => string}} Amount */

const CLOCK_MS = 5000;

/**
 * `<gw-job>`: one job: its time line, what it asked for and used, its log, its script. A
 * failed one begins with its reason and its errors. Needs the scope `jobs:read`.
 *
 * @attr {string} system - Name of the system, by default `local`.
 * @attr {string} job - Id of the job.
 * @attr {boolean} live - Follow changes as they happen.
 * @property {Job | null} found - The job, if the page has it already.
 * @fires gw-released - The job, after it was let go.
 * @csspart state - The word of its state.
 * @csspart reason - Why it failed.
 * @csspart facts - What it is, in words.
 * @csspart line - What happened and when.
 * @csspart bars - What it asked for and used.
 * @csspart efficiency - How well it used what it had, with advice.
 * @example
 * <gw-job id="job" live></gw-job>
 * <script type="module">
 * import { gateway } from "/kit/gw.js";
 * const { id } = await gateway.jobs.submit("local", "#!/bin/sh\necho hello\n");
 * document.getElementById("job").job = id;
 * </script>
 */
export class GwJob extends GwElement {
  static properties = { system: {}, job: {}, live: { type: Boolean }, found: { attribute: false } };

  static scope = "jobs:read";

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    .line { display: flex; flex-wrap: wrap; gap: 8px 0; list-style: none; margin: 0; padding: 0; }
    .line li { align-content: start; display: grid; font-variant-numeric: tabular-nums; padding-inline-end: 24px; position: relative; }
    @container (min-width: 601px) { .line li + li { border-inline-start: 1px solid var(--gw-line); padding-inline-start: 16px; } }
    @container (max-width: 600px) { .line { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); } }
    .line span { color: var(--gw-muted); font-size: var(--gw-small); }
    .facts { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 0; }
    .bars { display: grid; gap: 12px 24px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 220px), 1fr)); margin: 0; }
    .bars div { align-content: start; display: grid; gap: 4px; }
    dt { color: var(--gw-muted); font-size: var(--gw-small); }
    dd { display: grid; font-variant-numeric: tabular-nums; gap: 4px; margin: 0; overflow-wrap: anywhere; }
    .bars svg { block-size: 8px; inline-size: 100%; }
    .asked { fill: var(--gw-sunk); stroke: var(--gw-edge); vector-effect: non-scaling-stroke; }
    .used { fill: var(--gw-accent); }
    .advice { margin: 0; max-inline-size: 70ch; }
    .used.over { fill: var(--gw-failed); }
    pre { background: var(--gw-sunk); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); margin: 8px 0 0; max-block-size: 360px; overflow: auto; padding: 8px 12px; }
    summary { cursor: pointer; min-block-size: 24px; }
    @media (forced-colors: active) { .used { fill: Highlight; } .asked { fill: Canvas; } }
  `];

  constructor() {
    super();
    this.system = "local";
    this.job = "";
    this.live = false;
    this._clock = 0;
    /** @type {(() => Promise<Job>) | null} */
    this._asked = null;
    /** @type {Job | null} */
    this.found = null;
    this._turned = false;
  }

  connectedCallback() {
    super.connectedCallback();
    this._clock = window.setInterval(() => this._tick(), CLOCK_MS);
    if (!this.live) return;
    this.gateway.live.listen({
      hear: ({ data }) => { if (data.subject === `jobs/${this.system}/${this.job}`) this.reload(); },
      tell: (state) => { if (state === "again") this.reload(); },
    }, this.signal);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearInterval(this._clock);
  }

  /** The time that a running job has used grows. */
  _tick() {
    if (this.found?.state === "active" && !document.hidden) this.requestUpdate();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("job") && !changed.has("system")) return;
    this._turned = false;
    if (this.found?.id === this.job && this.found.system === this.system) return;
    this.found = null;
    this.reload();
  }

  async reload() {
    if (!this.job) return;
    const { job, system, signal } = this;
    const ask = () => this.gateway.jobs.get(system, job, signal);
    this._asked = ask; // an older answer may come later, and is not shown
    const found = await this.load(ask);
    if (found && this._asked === ask) this.found = found;
  }

  /** The log has come to its end: then so has the job. Where a failed job wrote no errors, its output may tell why. @param {Event} event */
  _ended(event) {
    const log = /** @type {import("./gw-log.js").GwLog} */ (event.currentTarget);
    if (this.found && ACTIVE_STATES.includes(this.found.state)) this.reload();
    if (this._turned || this.found?.state !== "failed" || log.stream !== "error" || log.text) return;
    this._turned = true; // once: who then asks for the errors sees that there are none
    log.stream = "output";
  }

  /** Lets the job start, if it is held. */
  async release() {
    if (!this.found) return;
    const done = await this.attempt(async () => (await this.gateway.jobs.release(this.system, this.job), true));
    if (!done) return;
    this.announce("released", this.found);
    await this.reload();
  }

  render() {
    if (this.denied) return this.renderDenied();
    if (!this.found) return this.error ? this.renderError() : this.renderLoading(4);
    const job = this.found;
    const array = Boolean(job.tasks); // its elements have output, and it has none
    const failed = job.state === "failed" && !array;
    // A person opens a failed job to see why: the reason and what it wrote come first.
    return html`${this.renderError()}${failed ? html`${this._reason(job)}${this._log("error")}` : nothing}
      ${this._facts(job)}${this._line(job)}${this._bars(job)}${this._efficiency(job)}
      ${job.state === "held" && this.may("jobs:submit") ? html`<div><button @click=${this.release}>Release</button></div>` : nothing}
      ${failed || array ? nothing : this._log("output")}
      ${job.spec?.script ? html`<details><summary>Script</summary><pre tabindex="0" aria-label="Script">${job.spec.script}</pre></details>` : nothing}
      <div class="bar">${array ? nothing : html`<a class="button" href=${this._file("output")} download="job-${job.id}.out">${icon("down")} Output</a>
        <a class="button" href=${this._file("error")} download="job-${job.id}.err">${icon("down")} Errors</a>`}
        ${job.spec && this.may("jobs:submit") ? html`<a class="button" href=${at(`/jobs/${escapeName(this.system)}/new?from=${number(job.id)}`)}>${icon("again")} Edit and submit again</a>` : nothing}
        ${this.renderCode({ url: this.gateway.http.url(this.gateway.jobs.path(this.system, job.id)) })}</div>`;
  }

  /** Why it failed, as the scheduler tells it. @param {Job} job */
  _reason(job) {
    const signal = job.signal ? `Signal ${job.signal} ended it.` : "";
    const code = job.exit_code ? `It ended with exit code ${job.exit_code}.` : "";
    // A scheduler's reason may tell the code already.
    const words = [job.reason, job.reason?.includes("code") ? "" : signal || code].filter(Boolean).join(" ");
    return html`<div class="state error" part="reason"><strong>Failed</strong><p>${words || "The scheduler gives no reason."}</p></div>`;
  }

  /** @param {string} stream What is shown at first. */
  _log(stream) {
    return html`<gw-log .gateway=${this.gateway} system=${this.system} job=${this.job} .found=${this.found} stream=${stream} @gw-log-end=${this._ended}></gw-log>`;
  }

  /** @param {string} stream */
  _file(stream) {
    return this.gateway.http.url(this.gateway.jobs.path(this.system, this.job, stream));
  }

  /** What happened and when, as a line of time. @param {Job} job */
  _line(job) {
    const waited = job.started_at ? `waited ${duration(secondsBetween(job.submitted_at, job.started_at))}` : "";
    const word = STATES[job.state]?.word ?? job.state;
    const exit = job.exit_code === null || job.exit_code === undefined || job.reason?.includes("exit code") ? "" : `exit code ${job.exit_code}`;
    const steps = [
      ["Submitted", job.submitted_at, ""],
      job.started_at ? ["Started", job.started_at, waited] : [word, job.ended_at, job.reason],
      ...(job.ended_at && job.started_at ? [[word, job.ended_at, [`ran ${elapsed(job)}`, exit, job.reason].filter(Boolean).join(", ")]] : []),
    ];
    return html`<ol class="line" part="line">${steps.map(([name, time, more]) => html`<li><strong>${name}</strong>
      ${time ? html`<time datetime=${time} title=${exact(time)}>${local(time)}</time>` : nothing}<span>${more}</span></li>`)}</ol>`;
  }

  /** What the system calls it, and what its scheduler gave it. @param {Job} job */
  _facts(job) {
    const again = job.attempts > 1 ? `${job.attempts}, since it was put back into the queue` : "";
    const facts = [["Id", job.id], ["Elements", job.tasks ? taskWords(job.tasks) : ""], ["Run", again], ["Word of the scheduler", job.native_state],
      ["Queue", job.usage?.partition], ["Project", job.usage?.project], ["Nodes", job.usage?.nodes], ["Folder", job.directory]].filter(([, value]) => value);
    return html`<dl class="facts" part="facts"><div><dt>State</dt><dd>${stateWord(job)}</dd></div>
      ${facts.map(([word, value]) => html`<div><dt>${word}</dt><dd class="mono">${value}</dd></div>`)}</dl>`;
  }

  /** How well it used what it had, and what to ask for next time. @param {Job} job */
  _efficiency({ efficiency: told }) {
    if (!told) return nothing;
    const percent = (/** @type {number} */ share) => `${Math.round(100 * share)} %`;
    const shares = [["Cores busy", percent(told.cpu)], ["Memory used", told.memory === null ? "" : percent(told.memory)],
      ["GPUs busy at most", told.gpu === null || told.gpu === undefined ? "" : percent(told.gpu)]].filter(([, value]) => value);
    return html`<section part="efficiency" aria-label="Efficiency"><dl class="facts">${shares.map(([word, value]) => html`<div><dt>${word}</dt><dd>${value}</dd></div>`)}</dl>
      <p class="advice">${told.advice}</p></section>`;
  }

  /** What it asked for and what it used, as pairs of bars. @param {Job} job */
  _bars(job) {
    const { resources, attributes } = job.spec ?? {};
    const { limit_seconds: limit, cores: given } = job.usage ?? {};
    const wall = job.started_at ? secondsBetween(job.started_at, job.ended_at) : null;
    const told = job.ended_at ? job.usage : null; // a scheduler tells when the job has ended
    const cores = given || (resources?.cpu_cores_per_process ?? 1) * (resources?.process_count ?? 1);
    /** @type {Amount[]} */
    const amounts = [
      { word: "Time", used: wall, asked: limit ?? attributes?.duration ?? null, say: duration },
      { word: `CPU time of ${cores} ${cores === 1 ? "core" : "cores"}`, used: told?.cpu_seconds ?? null, asked: told === null || wall === null ? null : wall * cores, say: duration },
      { word: "Memory", used: told?.peak_memory_bytes || null, asked: resources?.memory ?? null, say: size },
    ];
    return html`<dl class="bars" part="bars">${amounts.map((one) => this._bar(one, job.ended_at ? "not told" : job.started_at ? "told when it ends" : ""))}</dl>`;
  }

  /** @param {Amount} amount @param {string} unknown Words for a use that is not known. */
  _bar({ word, used, asked, say }, unknown) {
    const words = used === null
      ? [asked === null ? "" : `${say(asked)} asked for`, unknown].filter(Boolean).join("; ") || "no limit asked for"
      : `${say(used)}${asked === null ? ", no limit asked for" : ` of ${say(asked)}`}`;
    const share = used === null ? 0 : asked ? Math.min(1, used / asked) : 1;
    return html`<div><dt>${word}</dt><dd>${words}
      ${asked ? html`<svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">${svg`<rect class="asked" x="0" y="0" width="100" height="8" /><rect class="used ${used && used > asked ? "over" : ""}" x="0" y="0" width=${(100 * share).toFixed(2)} height="8" />`}</svg>` : nothing}</dd></div>`;
  }
}
