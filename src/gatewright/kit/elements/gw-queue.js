import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count, exact, local } from "./format.js";
import { icon } from "./icons.js";
import { stateNote, stateWord } from "./job-words.js";
import { after, anew } from "./pages.js";
import { table } from "./styles.js";

const LOOK_MS = 10_000;

/**
 * `<gw-queue>`: the queue of a system, with the jobs of all people that the person may
 * see. It looks again every ten seconds while it is looked at. Needs the scope `jobs:read`.
 *
 * @attr {string} system - Name of the system, by default `local`.
 * @attr {number} limit - Jobs that come at first, by default 50.
 * @property {any[] | null} jobs - The jobs that are shown.
 * @csspart facts - How busy the system is.
 * @csspart table - The table.
 * @csspart state - The word of a job's state.
 * @example
 * <gw-queue></gw-queue>
 */
export class GwQueue extends GwElement {
  static properties = { system: {}, limit: { type: Number }, jobs: { attribute: false }, queue: { state: true }, next: { state: true } };

  static scope = "jobs:read";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    td { overflow-wrap: anywhere; }
    time { font-variant-numeric: tabular-nums; white-space: nowrap; }
    .note { color: var(--gw-muted); font-size: var(--gw-small); max-inline-size: 34ch; }
  `];

  constructor() {
    super();
    this.system = "local";
    this.limit = 50;
    /** @type {any[] | null} */
    this.jobs = null;
    /** @type {any} */
    this.queue = null;
    /** @type {string | null} */
    this.next = null;
    this._timer = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.hasUpdated) this.reload();
    this._timer = window.setInterval(() => document.hidden || this._look(), LOOK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearInterval(this._timer);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("system") || changed.has("limit")) this.reload();
  }

  reload() {
    this.jobs = null;
    return this.load(() => this._ask());
  }

  /** Looks again without showing a skeleton. */
  _look() {
    return this.attempt(() => this._ask());
  }

  async _ask() {
    const { system } = this;
    const page = await anew({ items: this.jobs, next: this.next }, this.limit, (part) => this._part(part));
    if (system === this.system) this._show(page);
  }

  /** Shows the next page below what is shown. */
  async more() {
    const page = await this.attempt(() => after({ items: this.jobs ?? [], next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
  }

  /** @param {{limit: number, cursor?: string | null}} part */
  async _part(part) {
    this.queue = await this.gateway.jobs.queue(this.system, this.signal, part);
    return { items: this.queue.everyone, next: this.queue.next };
  }

  /** @param {{items: any[], next: string | null}} page */
  _show(page) {
    this.jobs = page.items;
    this.next = page.next;
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`${this.renderError()}
      ${this.jobs === null ? (this.error ? nothing : this.renderLoading(3)) : this._list(this.jobs)}`;
  }

  /** @param {any[]} jobs */
  _list(jobs) {
    const { running, waiting, cores_in_use: used, resources, failure, as_of: asOf } = this.queue;
    const facts = `${running} running, ${waiting} waiting, ${used} of ${count(resources.cores, "core")} in use`;
    return html`
      <div class="bar small muted" part="facts"><span role="status">${facts}</span>
        ${failure ? html`<span>${icon("held")}As of ${local(asOf)}: ${failure}</span>` : nothing}</div>
      ${jobs.length ? html`<div class="panel scroll"><table part="table">
        <thead><tr><th>Person</th><th>Name</th><th>State</th><th class="number">Cores</th><th>Submitted</th></tr></thead>
        <tbody>${jobs.map((job) => this._row(job))}</tbody></table></div>` : this.renderEmpty("The queue is empty", "Jobs of all people appear here while they wait and run.")}
      ${this.next ? html`<div class="bar"><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  /** @param {any} job */
  _row(job) {
    return html`<tr class="row">
      <td>${job.user}</td><td>${job.name}</td>
      <td>${stateWord(job)} <div class="note">${stateNote(job)}</div></td>
      <td class="number" data-label="Cores">${job.cores}</td>
      <td data-label="Submitted"><time datetime=${job.submitted_at} title=${exact(job.submitted_at)}>${local(job.submitted_at)}</time></td>
    </tr>`;
  }
}
