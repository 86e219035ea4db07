import { ACTIVE_STATES } from "../client/jobs.js";
import { css, html, nothing } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { Chunks } from "./chunks.js";
import { Columns, grips } from "./columns.js";
import { ask } from "./dialog.js";
import { count, duration, exact, local, secondsBetween } from "./format.js";
import { icon } from "./icons.js";
import { gathered, holds } from "./job-arrays.js";
import { GROUPS, elapsed, stateNote, stateWord, taskWords } from "./job-words.js";
import { after, anew } from "./pages.js";
import { table } from "./styles.js";

/** @typedef {import("../client/jobs.js").Job} Job */

const GATHER_MS = 250;
const CLOCK_MS = 5000;
const HEADS = ["Name", "State", "Elapsed", "Submitted", "Id"];
const LOOKS = ["name", "condition", "elapsed", "submitted", "id"];

/**
 * `<gw-jobs>`: the caller's jobs on a system, newest first; an array is one line, which
 * opens to its elements. Needs the scope `jobs:read`,
 * and `jobs:cancel` to cancel.
 *
 * @attr {string} system - Name of the system, by default `local`.
 * @attr {boolean} live - Follow changes as they happen.
 * @attr {string} filter - Parameters of the listing, such as `state=active&name=fit`; a
 *   state may be the name of a group (`waiting`, `running`, `done`, `failed`, `canceled`).
 * @attr {string} selected - Id of the job that is open.
 * @attr {number} limit - Jobs that come at first, by default 50.
 * @attr {boolean} brief - Without the filter.
 * @property {Job[] | null} jobs - The jobs that are shown.
 * @fires gw-open - Id of the job that is opened, or "" when it is closed (cancelable).
 * @fires gw-filter - The filter that was chosen.
 * @fires gw-cancel - The job, before it is canceled (cancelable).
 * @fires gw-canceled - The job, after it was canceled.
 * @fires gw-change - The jobs that are shown, whenever they change.
 * @slot action - Beside the filter.
 * @slot first - Below the words that there is no job yet.
 * @slot empty - Shown in place of an empty list.
 * @csspart toolbar - The filter and what is beside it.
 * @csspart table - The table.
 * @csspart state - The word of a job's state.
 * @csspart detail - The job that is open.
 * @csspart elements - The elements of the array that is open.
 * @example
 * <gw-jobs live brief limit="5"></gw-jobs>
 */
export class GwJobs extends GwElement {
  static properties = {
    system: {}, filter: { reflect: true }, live: { type: Boolean }, selected: { reflect: true },
    limit: { type: Number }, brief: { type: Boolean }, jobs: { attribute: false }, next: { state: true },
    broken: { state: true }, now: { state: true }, one: { state: true },
  };

  static scope = "jobs:read";

  static styles = [GwElement.styles, table, grips, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    button.name { align-items: center; display: inline-flex; gap: 4px; max-inline-size: 100%; }
    .name .icon { transition: rotate var(--gw-motion); }
    .open .name .icon { rotate: 90deg; }
    .name span { overflow-wrap: anywhere; text-align: start; }
    td progress { block-size: 6px; display: block; inline-size: 96px; }
    td.actions { text-align: end; }
    td.elapsed, time { font-variant-numeric: tabular-nums; }
    time { white-space: nowrap; }
    tr.detail td { background: var(--gw-panel); padding: 12px 16px 16px; }
    table { table-layout: fixed; }
    col.condition { inline-size: 23%; }
    col.elapsed { inline-size: 20%; }
    col.submitted { inline-size: 160px; }
    col.id { inline-size: 84px; }
    col.actions { inline-size: 96px; }
    .elements { display: flex; flex-wrap: wrap; gap: 4px; list-style: none; margin: 0 0 12px; max-block-size: 240px; overflow: auto; padding: 0; }
    .note { color: var(--gw-muted); font-size: var(--gw-small); max-inline-size: 34ch; }
    input[type="search"] { inline-size: 150px; }
    @container (min-width: 601px) and (max-width: 760px) { th.submitted, td.submitted, col.submitted { display: none; } }
    @container (max-width: 600px) {
      td.wide { grid-column: 1; }
      td.actions { grid-column: 2; grid-row: 1; }
      td.elapsed { text-align: end; white-space: normal; }
      td progress { inline-size: 100%; }
    }
  `];

  constructor() {
    super();
    this.system = "local";
    this.filter = "";
    this.live = false;
    this.selected = "";
    this.limit = 50;
    this.brief = false;
    /** @type {Job[] | null} */
    this.jobs = null;
    /** @type {string | null} */
    this.next = null;
    this.broken = false;
    this.now = 0;
    /** @type {Job | null} */
    this.one = null;
    this._timer = 0;
    this._clock = 0;
    this._stale = false;
    this._chunks = new Chunks(this, 6);
    this._columns = new Columns(this, "jobs", HEADS);
  }

  connectedCallback() {
    super.connectedCallback();
    if (this.hasUpdated) this.reload();
    if (this.live) this._watch();
    document.addEventListener("visibilitychange", () => this._seen(), { signal: this.signal });
    this._seen();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearInterval(this._clock);
    window.clearTimeout(this._timer);
    this._timer = 0;
  }

  /** A hidden page sends no requests; it catches up when it is visible again. */
  _seen() {
    window.clearInterval(this._clock);
    if (document.hidden) return;
    this._clock = window.setInterval(() => (this.now = Date.now()), CLOCK_MS);
    this.now = Date.now();
    if (this._stale) this._refresh();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["system", "filter", "limit"].some((name) => changed.has(name))) {
      this._chunks.reset();
      this.reload();
    }
    if (changed.has("selected")) this._loadSelected();
  }

  /** Parameters of the listing as the filter says them. */
  get query() {
    const query = Object.fromEntries(new URLSearchParams(this.filter));
    delete query.user; // `user=me` is what a listing shows anyway
    const group = GROUPS.find((one) => one.id === query.state);
    return { ...query, state: group ? group.states : (query.state ?? "").split(",").filter(Boolean) };
  }

  async reload() {
    const ask = this._asker();
    const page = await this.load(() => anew({ items: null, next: null }, this.limit, ask));
    if (page && this._asks(ask)) this._show(page.items, page.next);
    await this._loadSelected();
  }

  /** @param {Job[]} jobs @param {string | null} next */
  _show(jobs, next) {
    this.jobs = jobs;
    this.next = next;
    this.announce("change", jobs);
  }

  /** Shows the next page below what is shown. */
  async more() {
    const ask = this._asker();
    const page = await this.attempt(() => after({ items: this.jobs ?? [], next: this.next }, this.limit, ask));
    if (page && this._asks(ask)) this._show(page.items, page.next);
  }

  /** Asks for parts of the listing; it is the latest to be made whose answers are shown. */
  _asker() {
    const { system, query, signal } = this;
    this._asked = async (/** @type {{limit: number, cursor?: string | null}} */ part) => {
      const { jobs, next } = await this.gateway.jobs.page(system, { ...query, ...part }, signal);
      return { items: jobs, next };
    };
    return this._asked;
  }

  /** @param {any} ask Whether nothing was asked for since. */
  _asks(ask) {
    return this._asked === ask;
  }

  /** The open job has more to tell than a listing, and may be on no page that is shown. */
  async _loadSelected() {
    const id = this.selected;
    if (!id) this.one = null;
    if (!id) return;
    const job = await this.attempt(() => this.gateway.jobs.get(this.system, id, this.signal));
    if (job && this.selected === id) this.one = job;
  }

  /** Follows the events of all one's jobs; many at once are one look at the list. */
  _watch() {
    this.gateway.live.listen({
      hear: (event) => { if (event.kind.startsWith("job.")) this._refreshSoon(); },
      tell: (state) => {
        this.broken = state === "broken";
        if (state === "again") this._refreshSoon();
      },
    }, this.signal);
  }

  /** A long list is looked at less often: it is more to ask for. */
  _refreshSoon() {
    if (document.hidden) this._stale = true;
    if (document.hidden || this._timer) return;
    this._timer = window.setTimeout(() => {
      this._timer = 0;
      this._refresh();
    }, GATHER_MS * Math.max(1, (this.jobs?.length ?? 0) / 200));
  }

  /** Looks at the list again without showing a skeleton, as many jobs as there were. */
  async _refresh() {
    this._stale = false;
    if (!this.isConnected) return;
    const ask = this._asker();
    const page = await this.attempt(() => anew({ items: this.jobs, next: this.next }, this.limit, ask));
    if (!page || !this._asks(ask)) return;
    this._show(page.items, page.next);
    await this._loadSelected();
  }

  /** Opens a job, or closes it. @param {string} id */
  open(id) {
    const next = id === this.selected ? "" : id;
    if (this.announce("open", next, true)) this.selected = next;
  }

  /** Cancels a job, after a question. @param {Job} job */
  async cancel(job) {
    if (!this.announce("cancel", job, true)) return;
    const sure = await ask({
      title: `Cancel “${job.name}”?`,
      text: job.state === "active" ? "It is running; what it has written so far stays." : "It has not started yet.",
      action: "Cancel the job", danger: true,
    });
    if (sure === null) return;
    const done = await this.attempt(async () => (await this.gateway.jobs.cancel(this.system, job.id), true));
    if (!done) return;
    this.announce("canceled", job);
    await this._refresh();
  }

  /** @param {string} name @param {string} value */
  _setFilter(name, value) {
    const filter = new URLSearchParams(this.filter);
    if (value) filter.set(name, value);
    else filter.delete(name);
    this.filter = filter.toString();
    this.announce("filter", this.filter);
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`
      ${this.brief ? nothing : this._toolbar()}
      ${this.renderError()}
      ${this.jobs === null ? (this.error ? nothing : this.renderLoading()) : this._list(this.jobs)}`;
  }

  _toolbar() {
    const chosen = new URLSearchParams(this.filter);
    return html`<div class="bar" part="toolbar">
      <div class="joined" role="group" aria-label="State">
        ${GROUPS.map((group) => html`<button aria-pressed=${String((chosen.get("state") ?? "") === group.id)} @click=${() => this._setFilter("state", group.id)}>${group.word}</button>`)}
      </div>
      <input type="search" aria-label="Exact name of the job" placeholder="Exact name" .value=${chosen.get("name") ?? ""} @change=${(/** @type {any} */ e) => this._setFilter("name", e.target.value)}>
      <span class="grow"></span>
      ${this.broken ? html`<span class="small muted" role="status">Live updates are interrupted; trying again.</span>` : nothing}
      <button class="quiet square" aria-label="Load again" @click=${this.reload}>${icon("again")}</button>
      ${this.renderCode({ url: this.gateway.http.url(this.gateway.jobs.path(this.system), { ...this.query, limit: this.limit }) })}
      <slot name="action"></slot>
    </div>`;
  }

  /** @param {Job[]} jobs */
  _list(jobs) {
    const there = gathered(jobs);
    const away = this.one && this.selected && !there.some((job) => holds(job, this.selected)) ? this.one : null;
    if (!jobs.length && !away) return this._none();
    const shown = away ? [...gathered([away]), ...there] : there;
    return html`<div class="panel">
      <table part="table" aria-rowcount=${shown.length + 1} @keydown=${walkRows}>
        <colgroup>${[...LOOKS, "actions"].map((name) => html`<col class=${name}>`)}</colgroup>
        <thead><tr>${this._columns.heads(LOOKS)}<th><span class="hidden">Actions</span></th></tr></thead>
        ${this._chunks.rows(shown, (job) => job.id, (job, place) => this._row(job, place), (job) => holds(job, this.selected))}
      </table></div>
      <div class="bar small muted"><span role="status">${count(there.length, "job")}${this.next ? " shown, newest first" : ""}</span>
        ${this.next ? html`<button @click=${this.more}>Show more</button>` : nothing}
      </div>`;
  }

  _none() {
    return this.filter && !this.brief
      ? this.renderEmpty("No job is like this", "Choose another state, or clear the name.", html`<button @click=${() => ((this.filter = ""), this.announce("filter", ""))}>Show all</button>`)
      : this.renderEmpty("No jobs yet", "A job is a script or a command that runs on the system while you do something else. Submit one and it appears here.", html`<slot name="first"></slot>`);
  }

  /** @param {Job} job @param {number} place */
  _row(job, place) {
    const open = holds(job, this.selected);
    const whole = open && this.one?.id === job.id ? { ...this.one, elements: job.elements } : job;
    return html`
      <tr aria-rowindex=${place} class="row ${open ? "open" : ""}">
        <td class="wide"><button class="link name" data-row aria-expanded=${String(open)} @click=${() => this.open(job.id)}>${icon("right")}<span>${job.name || job.id}</span></button></td>
        <td>${stateWord(job)} <div class="note">${whole.tasks ? taskWords(whole.tasks) : stateNote(job)}</div></td>
        <td class="elapsed">${this._elapsed(whole)}</td>
        <td class="submitted" data-label="Submitted"><time datetime=${job.submitted_at} title=${exact(job.submitted_at)}>${local(job.submitted_at)}</time></td>
        <td class="mono" data-label="Id">${job.id}</td>
        <td class="actions">${ACTIVE_STATES.includes(job.state) && this.may("jobs:cancel") ? html`<button class="quiet" aria-label="Cancel ${job.name || job.id}" @click=${() => this.cancel(job)}>Cancel</button>` : nothing}</td>
      </tr>
      ${open ? html`<tr class="detail"><td colspan="6" part="detail">${this._detail(whole)}</td></tr>` : nothing}`;
  }

  /** @param {Job} job */
  _elapsed(job) {
    const limit = job.spec?.attributes?.duration;
    if (!limit || !job.started_at) return elapsed(job);
    const spent = secondsBetween(job.started_at, job.ended_at);
    return html`${duration(spent)} <span class="muted">of ${duration(limit)}</span>
      <progress max=${limit} .value=${Math.min(spent, limit)} aria-label="Time used"></progress>`;
  }

  /** @param {Job} job */
  _detail(job) {
    const elements = /** @type {Job[] | undefined} */ (job.elements);
    const one = elements?.find((element) => element.id === this.selected);
    return html`${elements ? html`<ul class="elements" part="elements" aria-label="Elements of the array">
        ${elements.map((element) => html`<li><button aria-pressed=${String(element === one)} aria-label="Element ${element.array_index}" @click=${() => this.open(element === one ? job.id : element.id)}>${element.array_index} ${stateWord(element)}</button></li>`)}</ul>` : nothing}
      ${elements && !one && this.one?.id !== this.selected ? nothing : this._job(one ?? job)}`;
  }

  /** @param {Job} job */
  _job(job) {
    const found = this.one?.id === job.id ? this.one : job;
    return html`<gw-job .gateway=${this.gateway} system=${this.system} job=${job.id} .found=${found} @gw-released=${this._refresh}></gw-job>`;
  }
}
