import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { figure } from "./format.js";
import { icon } from "./icons.js";
import { axisOf, readBlock } from "./grid.js";
import { labelOf } from "./axis-words.js";

/** @typedef {import("./series.js").Series} Series */

const MOST_VALUES = 4_000_000;

/**
 * `<gw-timeseries>`: the time series of what is chosen on a map: of a point, or the mean
 * over a box by area. With `spread`, the mean of the members and one sample standard
 * deviation to each side.
 *
 * @attr {string} for - Id of a `gw-map`.
 * @attr {boolean} spread - Draw the members' spread.
 * @attr {number} height - Of the chart in pixels, by default 220.
 * @property {Series | null} series - What is drawn: `times`, `mean`, `low` and `high`
 *   (null without members), `units`.
 * @fires gw-series - The series, when it was drawn.
 * @slot empty - While nothing is chosen.
 * @csspart chart - The chart.
 * @example
 * <gw-map id="map" dataset="simulated-reanalysis" box="-20 40 20 60"></gw-map>
 * <gw-timeseries for="map" spread></gw-timeseries>
 */
export class GwTimeseries extends GwElement {
  static properties = { for: {}, spread: { type: Boolean }, series: { attribute: false }, words: { state: true }, height: { type: Number } };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    .chart { min-inline-size: 0; overflow: hidden; }
    .uplot, .u-legend { font-family: var(--gw-font); }
    .u-legend { font-size: var(--gw-small); text-align: start; }
    .u-legend th, .u-legend td { padding: 0 4px; }
  `];

  constructor() {
    super();
    this.for = "";
    this.spread = false;
    this.height = 220;
    /** @type {Series | null} */
    this.series = null;
    this.words = "";
    /** @type {any} */
    this._plot = null;
    this._turn = 0;
    /** The smallest difference that matters in the series. */
    this._step = 0;
    /** @type {((series: Series) => string) | null} */
    this._csv = null;
    this._chosen = () => this.reload();
    this._dark = matchMedia("(prefers-color-scheme: dark)");
    this._scheme = () => this._draw();
  }

  connectedCallback() {
    super.connectedCallback();
    queueMicrotask(() => this._listen());
    this._dark.addEventListener("change", this._scheme);
    this._watch = new ResizeObserver(() => this._plot?.setSize({ width: this.clientWidth, height: this.height }));
    this._watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._map?.removeEventListener("gw-select", this._chosen);
    this._map?.removeEventListener("gw-field", this._chosen);
    this._dark.removeEventListener("change", this._scheme);
    this._watch?.disconnect();
  }

  /** @returns {import("./gw-map.js").GwMap | null} */
  get _map() {
    const root = /** @type {Document | ShadowRoot} */ (this.getRootNode());
    return this.for ? /** @type {any} */ (root.querySelector(`#${CSS.escape(this.for)}`)) : null;
  }

  _listen() {
    this._map?.addEventListener("gw-select", this._chosen);
    this._map?.addEventListener("gw-field", this._chosen);
    if (this._map) this.reload();
  }

  async reload() {
    const map = this._map;
    const variable = map?.shown;
    const bounds = map?.bounds;
    const turn = (this._turn += 1);
    const times = variable && axisOf(variable, "time");
    if (!map || !variable || !bounds || !times || times.values.length < 2) {
      this.series = null;
      this._draw();
      return;
    }
    const { time, member, ...subset } = map.subset();
    /** @type {Record<string, any>} */
    const whole = this.spread && axisOf(variable, "member") ? { ...subset, stat: undefined } : { ...subset, member };
    const answer = await this.load(() => this._read(map.datasetId, whole));
    if (turn !== this._turn || !answer) return;
    const { csvOf, placeOf, seriesOf, stepIn } = await import("./series.js");
    if (turn !== this._turn) return;
    this._csv = csvOf;
    this.series = seriesOf(readBlock(answer, variable.name, whole.stat), variable.units);
    this._step = stepIn(this.series);
    this.words = `${variable.title}${placeOf(bounds)}`;
    await this._draw();
    this.announce("series", this.series);
  }

  /** @param {string} dataset @param {any} subset */
  async _read(dataset, subset) {
    const estimate = await this.gateway.datasets.estimate(dataset, subset, "json", this.signal);
    const values = estimate.elements ?? estimate.values ?? 0;
    if (values > MOST_VALUES) {
      throw Object.assign(new Error(`The series is made of ${values.toLocaleString("en")} values, more than a page should read. Choose a smaller box.`), { title: "The box is too large" });
    }
    return this.gateway.datasets.subset(dataset, subset, this.signal);
  }

  async _draw() {
    await this.updateComplete;
    this._plot?.destroy();
    this._plot = null;
    const place = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".chart"));
    const series = this.series;
    if (!place || !series) return;
    const { css: plotStyles, plot } = await import("./series-plot.js");
    if (this.series !== series || this._plot) return;
    this._adopt(plotStyles);
    this._plot = plot(place, series, this.clientWidth, this.height);
  }

  /** @param {string} text */
  _adopt(text) {
    const root = /** @type {ShadowRoot} */ (this.renderRoot);
    if (this._sheet) return;
    this._sheet = new CSSStyleSheet();
    this._sheet.replaceSync(text);
    root.adoptedStyleSheets = [this._sheet, ...root.adoptedStyleSheets];
  }

  render() {
    if (!this.series) {
      if (this.error) return this.renderError();
      return this.loading ? this.renderLoading(4) : html`<slot name="empty"><p class="muted" part="empty">Choose a point or a box on the map to see how it changes with time.</p></slot>`;
    }
    const { mean, lowest, highest, units } = this.series;
    return html`${this.renderError()}<h3>${this.words}</h3>
      <div class="chart" part="chart" role="img" aria-label="${this.words}: from ${this._figure(mean[0])} to ${this._figure(mean.at(-1) ?? NaN)} ${units}, lowest ${this._figure(lowest)}, highest ${this._figure(highest)}"></div>
      <details><summary class="small">As a table</summary>${this._table(this.series)}</details>
      ${this.series.low ? html`<p class="small muted">The line is the mean of the members; the band is one standard deviation to each side.</p>` : nothing}`;
  }

  /** @param {number} value */
  _figure(value) {
    return figure(value, this._step);
  }

  /** Gives the series to the browser as a file to save. */
  save() {
    if (!this.series || !this._csv) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this._csv(this.series)], { type: "text/csv" }));
    link.download = `${this._map?.shown?.name ?? "series"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  /** @param {Series} series */
  _table(series) {
    const rows = series.mean.slice(0, 500);
    return html`<p><button @click=${this.save}>${icon("down")} Save as CSV</button></p><table><thead><tr><th>Time</th><th class="number">${series.low ? "Mean" : "Value"} (${series.units})</th>${series.low ? html`<th class="number">σ</th>` : nothing}</tr></thead>
      <tbody>${rows.map((mean, i) => html`<tr><td class="mono">${labelOf("time", series.times[i], "")}</td><td class="number mono">${this._figure(mean)}</td>${series.high ? html`<td class="number mono">${this._figure(series.high[i] - mean)}</td>` : nothing}</tr>`)}</tbody></table>`;
  }
}
