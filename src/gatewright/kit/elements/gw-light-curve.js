import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { readPlace, sexagesimal } from "../client/wcs.js";
import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { exact, local } from "./format.js";
import { icon } from "./icons.js";
import { bandsOf, drawCurve, marksOf, systemsOf } from "./light-curve-plot.js";

/** @typedef {import("./light-curve-plot.js").Point} Point */

/**
 * `<gw-light-curve>`: the flux at one place in every image that has it, whether or not
 * something is seen there, with upper limits. Times that are the survey's and not the
 * images' are marked as assumed. Needs somebody who is signed in.
 *
 * @attr {string} object - Id of an object.
 * @attr {string} target - Or a place: `ra dec` in degrees, or sexagesimal.
 * @attr {string} survey - Only images of this survey; without it of all.
 * @attr {string} band - Only images of this band.
 * @attr {number} mark - Moment (MJD) that a line marks.
 * @attr {number} height - Of the picture in pixels, by default 220.
 * @attr {string} axis - `flux` or `magnitude`; magnitudes need a survey with a catalogue of stars. The person may change it.
 * @property {any} curve - The light curve that is shown: `ra`, `dec`, `units_of`, `points`.
 * @fires gw-curve - The light curve, when it was read.
 * @slot empty - Shown while no place is named.
 * @csspart picture - The picture.
 * @example
 * <gw-light-curve target="150.0886 2.1986" survey="simulated-sky" band="r" axis="magnitude"></gw-light-curve>
 */
export class GwLightCurve extends GwElement {
  static properties = {
    object: {}, target: {}, survey: {}, band: {}, mark: { type: Number }, height: { type: Number }, axis: {},
    curve: { attribute: false }, width: { state: true },
  };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    .picture { min-inline-size: 0; overflow: hidden; }
    svg.curve { display: block; font: 12px var(--gw-font); }
    svg.curve text { fill: var(--gw-muted); font-variant-numeric: tabular-nums; }
    .grid { stroke: var(--gw-line); }
    .zero { stroke: var(--gw-edge); }
    .mark { stroke: var(--gw-edge); stroke-dasharray: 4 3; }
    .series-1 { fill: var(--gw-series-1); stroke: var(--gw-series-1); }
    .series-2 { fill: var(--gw-series-2); stroke: var(--gw-series-2); }
    .series-3 { fill: var(--gw-series-3); stroke: var(--gw-series-3); }
    .series-4 { fill: var(--gw-series-4); stroke: var(--gw-series-4); }
    g.limit circle { fill: var(--gw-panel); }
    .legend { display: flex; flex-wrap: wrap; gap: 4px 16px; }
    .joined { justify-self: end; }
    .legend svg { block-size: 10px; inline-size: 10px; }
    table { border-collapse: collapse; }
    th, td { padding: 2px 12px 2px 0; text-align: start; }
    td.number, th.number { text-align: right; }
    .scroll { max-block-size: 300px; overflow: auto; }
  `];

  constructor() {
    super();
    this.object = "";
    this.target = "";
    this.survey = "";
    this.band = "";
    /** @type {number | null} */
    this.mark = null;
    this.height = 220;
    this.axis = "flux";
    /** @type {any} */
    this.curve = null;
    this.width = 0;
    this._latest = {};
  }

  connectedCallback() {
    super.connectedCallback();
    this._watch = new ResizeObserver(() => (this.width = Math.floor(this.clientWidth)));
    this._watch.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._watch?.disconnect();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["object", "target", "survey", "band"].some((name) => changed.has(name))) this.reload();
  }

  async reload() {
    const latest = (this._latest = {});
    const place = readPlace(this.target);
    this.curve = null;
    if (this.target && !place) {
      this.error = { title: "Not a place", message: "A target is “ra dec” in degrees, such as 318.108 -66.016, or 21:12:26.0 -66:00:56." };
      return;
    }
    if (!this.object && !place) return;
    const found = await this.load(() => this._read(place));
    if (!found || latest !== this._latest) return;
    this.curve = found;
    this.announce("curve", found);
  }

  get _query() {
    return { survey: this.survey || null, band: this.band || null };
  }

  /** @param {[number, number] | null} place @returns {Promise<any>} */
  _read(place) {
    const { candidates } = this.gateway;
    if (this.object) return candidates.lightCurve(this.object, this._query, this.signal);
    const [ra, dec] = place ?? [0, 0];
    return candidates.lightCurveAt(ra, dec, this._query, this.signal);
  }

  /** The address of the light curve as a picture. */
  get _address() {
    const { ra, dec } = this.curve;
    const query = { axis: this.axis, ...this._query };
    // Without a zero point there are no magnitudes to draw.
    if (!systemsOf(this.curve.points).length) query.axis = "flux";
    const named = Object.entries({ format: "png", ...query, ...(this.object ? {} : { pos: `CIRCLE ${ra} ${dec} 0` }) });
    const words = new URLSearchParams(named.flatMap(([name, value]) => (value ? [[name, String(value)]] : [])));
    return at(`/api/v1/${this.object ? `objects/${escapeName(this.object)}/` : ""}lightcurve?${words}`);
  }

  /** Gives the light curve to the browser as a file to save. */
  save() {
    if (!this.curve) return;
    const names = ["image", "mjd", "time", "time_assumed", "band", "flux", "flux_error", "upper_limit", "scale", "scale_error", "magnitude", "magnitude_error", "magnitude_limit", "zero_point", "zero_point_error", "system", "catalogue", "catalogue_sha256", "reason"];
    const cell = (/** @type {any} */ value) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
    const rows = [names.join(","), ...this.curve.points.map((/** @type {any} */ point) => names.map((name) => cell(point[name])).join(","))];
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([`${rows.join("\n")}\n`], { type: "text/csv" }));
    link.download = `${this.object || "light-curve"}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  }

  render() {
    if (!this.curve) {
      if (this.error) return this.renderError();
      return this.loading ? this.renderLoading(4) : html`<slot name="empty"><p class="muted" part="empty">Say an object or a place, to see its light curve.</p></slot>`;
    }
    /** @type {Point[]} */
    const points = this.curve.points;
    const systems = systemsOf(points);
    // Where no image has a zero point, fluxes are all there is to show.
    const axis = systems.length && this.axis === "magnitude" ? "magnitude" : "flux";
    const seen = points.filter(({ flux, upper_limit: limit }) => flux !== null && limit === null).length;
    const measured = points.filter(({ flux }) => flux !== null).length;
    const words = `Light curve in ${axis} at ${sexagesimal(this.curve.ra, this.curve.dec)}: seen in ${seen} of ${measured} measured images`;
    const assumed = points.some((point) => point.time_assumed);
    return html`${this.renderError()}${systems.length ? this._axes(axis) : nothing}
      <div class="picture" part="picture" role="img" aria-label=${words}>${drawCurve(points, this.width, this.height, this.mark, axis)}</div>
      <p class="legend small muted">${this._legend(points)}${axis === "magnitude" ? this._magnitudes(points, systems) : html`<span>Flux in counts of <span class="mono">${this.curve.units_of}</span>;</span>`}
        <span>seen in ${seen} of ${measured}; a triangle is an upper limit (5 sigma).</span>
        ${assumed ? html`<span>Times are assumed: from the survey's table, not the headers.</span>` : nothing}</p>
      <details><summary class="small">As a table</summary>${this._table(points)}</details>`;
  }

  /** @param {string} axis */
  _axes(axis) {
    const choices = [["flux", "Flux"], ["magnitude", "Magnitude"]];
    return html`<div class="joined" role="group" aria-label="Axis">${choices.map(([one, word]) => html`<button aria-pressed=${String(one === axis)} @click=${() => (this.axis = one)}>${word}</button>`)}</div>`;
  }

  /** Says what the magnitudes are, and what of the curve has none. @param {Point[]} points @param {string[]} systems */
  _magnitudes(points, systems) {
    const catalogues = [...new Set(points.map(({ catalogue }) => catalogue).filter(Boolean))].join(", ");
    const left = marksOf(points, "flux").length - marksOf(points, "magnitude").length;
    return html`<span>Magnitudes (${systems.join(", ")}) by ${catalogues};</span>
      ${systems.length > 1 ? html`<span>those of different systems cannot be compared;</span>` : nothing}
      ${left > 0 ? html`<span>${left} measured without a magnitude, not drawn;</span>` : nothing}`;
  }

  /** @param {Point[]} points */
  _legend(points) {
    const bands = bandsOf(points.filter(({ flux }) => flux !== null));
    if (bands.length < 2) return bands[0] ? html`<span>Band ${bands[0]}</span>` : nothing;
    return bands.map((band, i) => html`<span><svg viewBox="0 0 10 10" aria-hidden="true"><circle class="series-${(i % 4) + 1}" cx="5" cy="5" r="4"/></svg> ${band || "no band"}</span>`);
  }

  /** @param {Point[]} points */
  _table(points) {
    const figure = (/** @type {number | null} */ value) => (value === null ? "" : value.toPrecision(5));
    const calibrated = points.some(({ zero_point: zero }) => typeof zero === "number");
    const magnitude = (/** @type {Point} */ { magnitude: seen, magnitude_error: error, magnitude_limit: limit, system }) => {
      if (typeof seen === "number") return `${seen.toFixed(3)} ± ${error?.toFixed(3)} ${system}`;
      return typeof limit !== "number" ? "" : `> ${limit.toFixed(2)} ${system}`;
    };
    return html`<p><button @click=${this.save}>${icon("down")} Save as CSV</button> <a href=${this._address} target="_blank" rel="noopener">As a picture</a></p>
      <div class="scroll" tabindex="0" role="region" aria-label="Light curve as a table"><table class="small"><thead><tr><th>Time</th><th>Band</th><th class="number">Flux</th><th class="number">Error</th><th class="number">Limit</th>${calibrated ? html`<th class="number">Magnitude</th>` : nothing}<th>Image</th></tr></thead>
      <tbody>${points.map((point) => html`<tr><td class="mono"><time title=${exact(point.time)}>${local(point.time)}</time>${point.time_assumed ? " assumed" : ""}</td><td>${point.band ?? ""}</td>
        <td class="number mono">${figure(point.flux)}</td><td class="number mono">${figure(point.flux_error)}</td><td class="number mono">${figure(point.upper_limit)}</td>
        ${calibrated ? html`<td class="number mono">${magnitude(point)}</td>` : nothing}
        <td>${point.image}${point.reason ? html` <span class="muted">${point.reason}</span>` : nothing}</td></tr>`)}</tbody></table></div>`;
  }
}
