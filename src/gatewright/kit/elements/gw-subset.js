import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count, size } from "./format.js";
import { icon } from "./icons.js";

const FORMATS = [["netcdf4", "NetCDF-4", "nc"], ["csv", "CSV", "csv"], ["json", "JSON", "json"], ["png", "PNG", "png"]];

/**
 * `<gw-subset>`: what is chosen on a map, as a request: its size, a download, and code.
 *
 * @attr {string} for - Id of a `gw-map`.
 * @attr {string} format - `netcdf4`, `csv`, `json` or `png`.
 * @csspart facts - What it is, in words.
 * @example
 * <gw-map id="map" dataset="simulated-reanalysis" box="-20 40 20 60"></gw-map>
 * <gw-subset for="map"></gw-subset>
 */
export class GwSubset extends GwElement {
  static properties = { for: {}, format: { reflect: true }, whole: { state: true }, estimate: { state: true }, subset: { state: true } };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    dl { display: grid; gap: 2px 12px; grid-template-columns: auto minmax(0, 1fr); margin: 0; }
    dt { color: var(--gw-muted); }
    dd { font-family: var(--gw-mono); margin: 0; overflow-wrap: anywhere; }
    pre { background: var(--gw-sunk); border-radius: 4px; margin: 0; overflow: auto; padding: 8px; }
  `];

  constructor() {
    super();
    this.for = "";
    this.format = "netcdf4";
    this.whole = false;
    /** @type {any} */
    this.estimate = null;
    /** @type {Record<string, any> | null} */
    this.subset = null;
    this._changed = () => this.reload();
  }

  connectedCallback() {
    super.connectedCallback();
    queueMicrotask(() => {
      for (const name of ["gw-select", "gw-field"]) this._map?.addEventListener(name, this._changed);
      if (this._map?.shown) this.reload();
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const name of ["gw-select", "gw-field"]) this._map?.removeEventListener(name, this._changed);
  }

  /** @returns {import("./gw-map.js").GwMap | null} */
  get _map() {
    const root = /** @type {Document | ShadowRoot} */ (this.getRootNode());
    return this.for ? /** @type {any} */ (root.querySelector(`#${CSS.escape(this.for)}`)) : null;
  }

  async reload() {
    const map = this._map;
    if (!map?.shown) return;
    const { stat, time, level, member, ...rest } = map.subset();
    this.subset = this.whole ? rest : { ...rest, stat, time, level, member };
    const estimate = await this.attempt(() => this.gateway.datasets.estimate(map.datasetId, /** @type {any} */ (this.subset), this.format, this.signal));
    this.estimate = estimate;
  }

  /** The address of what is chosen. */
  get url() {
    return this._map && this.subset ? this.gateway.datasets.subsetUrl(this._map.datasetId, /** @type {any} */ (this.subset), this.format) : "";
  }

  render() {
    if (!this.subset) return html`<p class="muted">Nothing is chosen yet.</p>`;
    const facts = Object.entries(this.subset).filter(([, value]) => value !== undefined && value !== "");
    const [, word, ending] = FORMATS.find(([id]) => id === this.format) ?? FORMATS[0];
    const name = `${this._map?.datasetId}.${ending}`;
    return html`
      <dl part="facts">${facts.map(([key, value]) => html`<dt>${key}</dt><dd>${value}</dd>`)}
        ${this.estimate ? html`<dt>size</dt><dd>about ${size(this.estimate.bytes)}${this.estimate.elements ? ` (${count(this.estimate.elements, "value")})` : ""}</dd>` : nothing}</dl>
      <label class="check"><input type="checkbox" .checked=${this.whole} @change=${(/** @type {any} */ e) => { this.whole = e.target.checked; this.reload(); }}>All times, levels and members</label>
      <label class="field">Format<select @change=${(/** @type {any} */ e) => { this.format = e.target.value; this.reload(); }}>${FORMATS.map(([id, label]) => html`<option value=${id} ?selected=${id === this.format}>${label}</option>`)}</select></label>
      ${this.error ? html`<p class="small" role="alert">${this.error.message}</p>` : nothing}
      <div class="bar"><a class="button primary" href=${this.url} download=${name}>${icon("down")} Download ${word}</a>${this.renderCode({ url: this.url, save: name, open: true })}</div>
      <details><summary class="small">Read all of it with xarray</summary><pre tabindex="0" aria-label="Code">import xarray

data = xarray.open_dataset(
    "${this.gateway.http.url(`/dap/${encodeURIComponent(this._map?.datasetId ?? "")}`)}"
)</pre></details>`;
  }
}
