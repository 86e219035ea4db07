import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { burnDownOf } from "./burn-down.js";
import { drawBurnDown } from "./burn-down-plot.js";
import { local } from "./format.js";
import { icon } from "./icons.js";
import { after, anew } from "./pages.js";
import { table } from "./styles.js";

const HOUR = 3600;
const AHEAD_DAYS = 60;
const MOST_ROWS = 100;
const NAMES = { cpu: "CPU hours", node: "Node hours", gpu: "GPU hours" };

/**
 * `<gw-usage>`: projects with their allocations; of the one that is chosen, what is left with
 * the forecast and its interval of 80 %, and what each person used and each day. Needs the
 * scope `account:read`.
 *
 * @attr {string} system - Only projects of this system; all by default.
 * @attr {string} project - Name of the chosen project, by default the first.
 * @attr {string} of - System of the chosen project, where several have one of this name.
 * @attr {number} limit - Projects that come at first, by default 50.
 * @property {any[] | null} projects - The projects that are shown.
 * @fires gw-project - The project, when another one is chosen.
 * @csspart projects - The projects.
 * @csspart chart - The picture of what is left.
 * @csspart usage - What each person used, and each day.
 * @example
 * <gw-usage></gw-usage>
 */
export class GwUsage extends GwElement {
  static properties = {
    system: {}, project: {}, of: {}, limit: { type: Number }, projects: { attribute: false }, next: { state: true },
    coverage: { state: true }, burn: { state: true }, people: { state: true }, days: { state: true }, wide: { state: true },
  };

  static scope = "account:read";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    section { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    .two { align-items: start; display: grid; gap: 16px; grid-template-columns: repeat(auto-fit, minmax(min(280px, 100%), 1fr)); }
    .chart { min-inline-size: 0; overflow: hidden; }
    svg text { fill: var(--gw-muted); font-size: 12px; }
    svg .grid { stroke: var(--gw-line); }
    svg .fan { fill: var(--gw-series-1); opacity: 0.2; }
    svg polyline { fill: none; stroke: var(--gw-series-1); stroke-width: 2; }
    svg .middle { stroke-dasharray: 5 4; }
    td { overflow-wrap: anywhere; }
  `];

  constructor() {
    super();
    this.system = "";
    this.project = "";
    this.of = "";
    this.limit = 50;
    /** @type {any[] | null} */
    this.projects = null;
    /** @type {string | null} */
    this.next = null;
    /** @type {any[]} */
    this.coverage = [];
    /** @type {any} */
    this.burn = null;
    /** @type {any} */
    this.people = null;
    /** @type {any} */
    this.days = null;
    this.wide = 600;
    this._turn = 0;
    this._sizes = new ResizeObserver(([entry]) => (this.wide = Math.floor(entry.contentRect.width)));
  }

  connectedCallback() {
    super.connectedCallback();
    this._sizes.observe(this);
    if (this.hasUpdated) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._sizes.disconnect();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("system") || changed.has("limit")) this.reload();
    else if ((changed.has("project") || changed.has("of")) && this.projects) this._look();
  }

  /** The chosen project, or else the first. */
  get chosen() {
    return this.projects?.find((one) => one.name === this.project && (!this.of || one.system === this.of)) ?? this.projects?.[0] ?? null;
  }

  async reload() {
    this.projects = null;
    const page = await this.load(() => anew({ items: null, next: null }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
    await this._look();
  }

  /** Shows more projects. */
  async more() {
    const page = await this.attempt(() => after({ items: this.projects ?? [], next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
  }

  /** @param {{limit: number, cursor?: string | null}} part */
  async _part(part) {
    const { projects, systems, next } = await this.gateway.projects.list({ ...part, system: this.system }, this.signal);
    this.coverage = systems;
    return { items: projects, next };
  }

  /** @param {{items: any[], next: string | null}} page */
  _show(page) {
    this.projects = page.items;
    this.next = page.next;
  }

  /** Loads the usage of the chosen project; ignores an answer that arrives after another was chosen. */
  async _look() {
    const turn = ++this._turn;
    const { chosen } = this;
    [this.burn, this.people, this.days] = [null, null, null];
    if (!chosen) return;
    const { system, name: project } = chosen;
    const usage = (/** @type {string} */ by) => this.gateway.projects.usage({ by: [by], system, project, limit: MOST_ROWS }, this.signal);
    const found = await this.attempt(() => Promise.all([this.gateway.projects.burnDown(system, project, { days: AHEAD_DAYS }, this.signal), usage("person"), usage("day")]));
    if (found && turn === this._turn) [this.burn, this.people, this.days] = found;
  }

  /** Chooses a project. @param {any} one */
  choose(one) {
    this.project = one.name;
    this.of = one.system;
    this.announce("project", one);
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`${this.renderError()}
      ${this.projects === null ? (this.error ? nothing : this.renderLoading(4)) : this._all(this.projects)}`;
  }

  /** @param {any[]} projects */
  _all(projects) {
    const failures = this.coverage.filter((one) => one.failure);
    return html`${failures.map((one) => html`<p class="small muted">${icon("held")} ${one.system}${one.as_of ? html`, as of ${local(one.as_of)}` : nothing}: ${one.failure}</p>`)}
      ${projects.length ? html`<div class="panel scroll"><table part="projects">
        <thead><tr><th>Project</th><th>System</th><th class="number">Used</th><th class="number">Granted</th></tr></thead>
        <tbody>${projects.map((one) => this._row(one))}</tbody></table></div>` : this.renderEmpty("No projects", "Projects that you belong to appear here, with what you may use.")}
      ${this.next ? html`<div class="bar"><button @click=${this.more}>Show more</button></div>` : nothing}
      ${this.burn ? this._chosen() : nothing}`;
  }

  /** @param {any} one */
  _row(one) {
    const kind = ["cpu", "node", "gpu"].find((name) => (one.allocation?.[`${name}_seconds`] ?? null) !== null) ?? "cpu";
    const granted = one.allocation?.[`${kind}_seconds`] ?? null;
    const unit = NAMES[/** @type {"cpu" | "node" | "gpu"} */ (kind)];
    return html`<tr class="row" aria-selected=${String(one === this.chosen)}>
      <td class="wide"><button class="link" data-row @click=${() => this.choose(one)}>${one.name}</button>${one.title ? html` <span class="muted">${one.title}</span>` : nothing}</td>
      <td data-label="System">${one.system}</td>
      <td class="number" data-label="Used">${one.allocation ? `${hours(one.allocation.used[`${kind}_seconds`])} ${unit}` : "–"}</td>
      <td class="number" data-label="Granted">${granted === null ? "no limit" : `${hours(granted)} ${unit}`}</td></tr>`;
  }

  _chosen() {
    const { burn } = this;
    const unit = NAMES[/** @type {"cpu" | "node" | "gpu"} */ (burn.resource)];
    const found = burnDownOf(burn);
    const left = this._left(unit);
    return html`<section><h2>${burn.project} on ${burn.system}</h2>
        <p role="status">${left}. ${this._end()}</p>
        <div class="chart" part="chart" role="img" aria-label="${burn.granted === null ? "Used" : "Left"}, ${unit}, by day: ${left}">${drawBurnDown(found, this.wide, 220)}</div>
        ${found.coming.length ? html`<p class="small muted">Dashed is what is expected; of such days, eight in ten end within the fan.</p>` : burn.forecast.length ? nothing : html`<p class="small muted">A forecast needs four weeks since the first use.</p>`}</section>
      <div class="two" part="usage">${this._sums("Person", "person", this.people?.usage ?? [])}${this._sums("Day (UTC)", "day", [...(this.days?.usage ?? [])].reverse())}</div>
      ${this.people?.next ? html`<p class="small muted">Only the first ${MOST_ROWS} people are shown, by name.</p>` : nothing}`;
  }

  /** @param {string} unit */
  _left(unit) {
    const { granted, used } = this.burn;
    if (granted === null) return `${hours(used)} ${unit} used`;
    if (used > granted) return `All of ${hours(granted)} ${unit} used, and ${hours(used - granted)} more`;
    return `${hours(granted - used)} of ${hours(granted)} ${unit} left`;
  }

  _end() {
    const { runs_out: out, starts_on: starts, ends_on: ends, granted, used, history } = this.burn;
    const today = history.at(-1).day;
    if (starts && starts > today) return `It begins on ${starts}.`;
    if (ends && ends < today) return `It ended on ${ends}.`;
    if (granted !== null && used < granted) {
      if (out?.likely) return `It is used up about ${out.likely}, from ${out.earliest ?? "then"}${out.latest ? ` to ${out.latest}` : " on"}.`;
      if (out?.earliest) return `It may be used up from ${out.earliest} on.`;
    }
    return ends ? `It ends on ${ends}.` : "";
  }

  /** @param {string} word @param {string} key @param {any[]} rows */
  _sums(word, key, rows) {
    return html`<div class="panel scroll"><table><caption class="hidden">By ${key}, the last 30 days</caption>
      <thead><tr><th>${word}</th><th class="number">CPU hours</th><th class="number">GPU hours</th><th class="number">Jobs</th></tr></thead>
      <tbody>${rows.length ? rows.map((one) => html`<tr class="row"><td>${one[key]}</td><td class="number" data-label="CPU hours">${hours(one.cpu_seconds)}</td><td class="number" data-label="GPU hours">${hours(one.gpu_seconds)}</td><td class="number" data-label="Jobs">${one.jobs}</td></tr>`) : html`<tr class="row"><td colspan="4" class="muted">Nothing in the last 30 days</td></tr>`}</tbody></table></div>`;
  }
}

/** @param {number} seconds As hours, with three figures below a hundred. */
function hours(seconds) {
  const value = seconds / HOUR;
  return value !== 0 && Math.abs(value) < 100 ? String(Number(value.toPrecision(3))) : Math.round(value).toLocaleString("en");
}
