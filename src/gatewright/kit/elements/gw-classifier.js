import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { exact, local } from "./format.js";
import { table } from "./styles.js";

const LOOKS_MS = 2000;
const KINDS = { injected: "injected", found: "bogus", voted_real: "voted real", voted_bogus: "voted bogus" };

/**
 * `<gw-classifier>`: what scores the candidates of a survey: its versions with their
 * reports, training with its progress, and the way back to an earlier version.
 *
 * @attr {string} survey - Survey whose candidates it scores.
 * @property {any[] | null} classifiers - The versions that are shown, the newest first.
 * @slot empty - Shown in place of an empty list.
 * @csspart table - The table of versions.
 * @csspart report - The report that is shown.
 * @example
 * <gw-classifier survey="simulated-sky"></gw-classifier>
 */
export class GwClassifier extends GwElement {
  static properties = {
    survey: {}, classifiers: { attribute: false }, report: { state: true }, busy: { state: true },
  };

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    progress { inline-size: 100%; }
    section { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); padding: 16px; }
    h3, dl, p { margin: 0; }
    dl { display: grid; gap: 4px; }
    dt { color: var(--gw-muted); }
    dd { margin: 0 0 4px; overflow-wrap: anywhere; }
    caption { padding-block: 8px; text-align: start; }
    @container (max-width: 600px) { caption { display: block; } }
  `];

  constructor() {
    super();
    this.survey = "";
    /** @type {any[] | null} */
    this.classifiers = null;
    /** @type {any} */
    this.report = null;
    this.busy = false;
    this._timer = 0;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("survey") && this.survey) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearTimeout(this._timer);
  }

  async reload() {
    window.clearTimeout(this._timer);
    const { survey } = this;
    const found = await this.load(() => this.gateway.classifiers.list({ survey }, this.signal));
    if (!found || survey !== this.survey) return;
    this.classifiers = found.classifiers;
    if (found.classifiers.some((/** @type {any} */ one) => one.state === "training" || one.rescoring)) {
      this._timer = window.setTimeout(() => this.reload(), LOOKS_MS);
    }
  }

  /** @param {() => Promise<any>} work */
  async _do(work) {
    this.busy = true;
    const done = await this.attempt(work);
    this.busy = false;
    if (done) await this.reload();
  }

  /** @param {any} one */
  async _show(one) {
    const report = await this.attempt(() => this.gateway.classifiers.report(one.id, this.signal));
    if (report) this.report = { ...report, version: one.version };
  }

  render() {
    const { classifiers, survey } = this;
    if (classifiers === null) return html`${this.renderError()}${this.error || !survey ? nothing : this.renderLoading(4)}`;
    const training = classifiers.some((one) => one.state === "training");
    const trained = classifiers.some((one) => one.method === "injection" && one.missed !== null);
    return html`${this.renderError()}
      ${this.may("sky:train") ? html`<div class="bar">
        <button class="primary" ?disabled=${training || this.busy} @click=${() => this._do(() => this.gateway.classifiers.train(survey, "injection"))}>Train by injected stars</button>
        <button ?disabled=${training || this.busy || !trained} @click=${() => this._do(() => this.gateway.classifiers.train(survey, "votes"))}>Train again with votes</button>
      </div>` : nothing}
      <div class="panel">${classifiers.length ? html`<table part="table">
        <thead><tr><th class="number">Version</th><th>State</th><th>Learned from</th><th class="number">Missed at 1 %</th><th>Made</th><th><span class="hidden">Actions</span></th></tr></thead>
        <tbody>${repeat(classifiers, (one) => one.id, (one) => this._row(one))}</tbody></table>`
        : this.renderEmpty("No classifier yet", "Train one: stars are put into pairs of the survey's images, and what is found tells real from bogus.")}</div>
      ${this.report ? this._report(this.report) : nothing}`;
  }

  /** @param {any} one */
  _row(one) {
    const labels = Object.entries(KINDS).filter(([name]) => one.labels[name]).map(([name, word]) => `${one.labels[name]} ${word}`);
    return html`<tr class="row">
      <td class="number" data-label="Version">${one.version}</td>
      <td class="wide" data-label="State">${one.active ? html`<strong>in use</strong>` : one.state}
        ${one.state === "training" ? html`<progress max=${one.total || 1} value=${one.done} aria-label="Differences made"></progress> <span class="muted">${one.done} of ${one.total || "?"}</span>` : nothing}
        ${one.rescoring ? html`<progress max=${one.rescoring.total || 1} value=${one.rescoring.done} aria-label="Candidates scored"></progress> <span class="muted">scores the stored candidates: ${one.rescoring.done} of ${one.rescoring.total || "?"}</span>` : nothing}
        ${one.reason ? html`<p class="small muted">${one.reason}</p>` : nothing}</td>
      <td class="wide" data-label="Learned from">${labels.join(", ")}</td>
      <td class="number" data-label="Missed at 1 %">${percent(one.missed)}</td>
      <td data-label="Made"><time title=${exact(one.created_at)}>${local(one.created_at)}</time></td>
      <td>${one.missed === null ? nothing : html`<button class="link" @click=${() => this._show(one)}>Report</button>
        ${one.active || !this.may("sky:train") ? nothing : html`<button class="link" ?disabled=${this.busy} @click=${() => this._do(() => this.gateway.classifiers.activate(one.id))}>Use</button>`}`}</td>
    </tr>`;
  }

  /** @param {any} report */
  _report(report) {
    const { recovery, photometry: { alone } } = report;
    return html`<section class="panel" part="report">
      <h3>Report of version ${report.version}</h3>
      <p class="small muted">${report.data}. Stars in these tables are injected; none is a candidate.</p>
      <dl>
        <dt>Missed at 1 % false positives</dt><dd>${range(report.missed)} (Brink et al. 2013 had ${percent(report.beside[0].missed)}, braai ${percent(report.beside[1].missed)}, each on its own data)</dd>
        <dt>Depth</dt><dd>${depth(recovery)}</dd>
        <dt>Plain rules alone</dt><dd>miss ${range(report.rules.missed)} at ${range(report.rules.false_positives)} false positives</dd>
        ${alone.mean === null ? nothing : html`<dt>Fluxes of stars that stand alone</dt><dd>pulls of mean ${alone.mean.toFixed(2)} and width ${alone.width.toFixed(2)}, ${alone.stars} stars, ${alone.outliers} outliers</dd>`}
      </dl>
      <table><caption>Injected stars by magnitude (${recovery.zero_point})</caption>
        <thead><tr><th class="number">Magnitude</th><th class="number">Injected</th><th class="number">Found</th><th class="number">Scored real</th></tr></thead>
        <tbody>${recovery.by_magnitude.map((/** @type {any} */ step) => html`<tr class="row">
          <td class="number" data-label="Magnitude">${step.from} to ${step.to}</td><td class="number" data-label="Injected">${step.injected}</td>
          <td class="number wide" data-label="Found">${range(step.found)}</td><td class="number wide" data-label="Scored real">${range(step.passed)}</td></tr>`)}</tbody></table>
      <table><caption>Calibration</caption>
        <thead><tr><th class="number">Score</th><th class="number">Examples</th><th class="number">Real</th></tr></thead>
        <tbody>${report.calibration.filter((/** @type {any} */ step) => step.examples).map((/** @type {any} */ step) => html`<tr class="row">
          <td class="number" data-label="Score">${step.score.toFixed(2)}</td><td class="number" data-label="Examples">${step.examples}</td><td class="number wide" data-label="Real">${range(step.real)}</td></tr>`)}</tbody></table>
    </section>`;
  }
}

/** @param {number | null} value */
function percent(value) {
  return value === null ? "" : `${(100 * value).toFixed(1)} %`;
}

/** @param {{value: number | null, low: number, high: number}} one */
function range(one) {
  return one.value === null ? "none" : `${percent(one.value)} (${percent(one.low)} to ${percent(one.high)})`;
}

/** The magnitude at which half of the injected sources are found, with its 95 % interval. @param {any} recovery Of a report. */
function depth({ half_magnitude: half, half_magnitude_bounds: ends, injected, zero_point: zero }) {
  if (!injected) return "not known: no source was injected";
  if (half === null) return "not known: all of the injected sources were found, or none";
  const digits = ends && ends.high - ends.low < 0.2 ? 2 : 1;
  const interval = ends ? `${ends.low.toFixed(digits)} to ${ends.high.toFixed(digits)}, 95 % interval` : "its 95 % interval is not known";
  return html`half of the injected sources found at ${half.toFixed(digits)} mag (${interval}) <span class="small muted">Zero point ${zero}</span>`;
}
