import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { MAPS, colourTable, paint, rangeOf, scaleFor } from "./colours.js";
import { count, figure, stepOf } from "./format.js";
import { axisOf, edges, indexOf, mapVariables, otherAxes, readBlock, readDataset, readField, textAt } from "./grid.js";
import { dateField, labelOf } from "./axis-words.js";
import { icon } from "./icons.js";

/** @typedef {import("./grid.js").Dataset} Dataset */
/** @typedef {import("./grid.js").Variable} Variable */
/** @typedef {import("./grid.js").Axis} Axis */
/** @typedef {{lat: number[], lon: number[], values: Float64Array}} Field */

const MOST_CELLS = 1_500_000;
/** Axes that have an attribute of their own; all others are in `at`. */
const OWN = ["time", "level", "member"];
const WORDS = /** @type {Record<string, string>} */ ({ time: "Time", level: "Level", member: "Member" });

/**
 * `<gw-map>`: a field of a gridded data set, with sliders for what is not on the map. It
 * is moved by dragging or the arrow keys and zoomed by the wheel, two fingers, or plus and
 * minus; a click or Enter chooses a point, and Shift with dragging a box.
 *
 * @attr {string} dataset - Id of the data set; the property is `datasetId`.
 * @attr {string} variable - What is drawn; by default the first variable that has a
 *   latitude and a longitude.
 * @attr {string} time - By default the first, as is what `at` leaves out.
 * @attr {string} level - By default the first.
 * @attr {string} member - A member, or `mean` (the default) or `spread` over all.
 * @attr {string} at - Places on other axes, as a query: `month=3&quantile=0.9`.
 * @attr {string} select - `box`: offer to choose a box, by drawing and by writing.
 * @attr {string} box - `west south east north`, or `lon lat`, in degrees.
 * @attr {string} colours - `viridis`, `cividis` or `diverging`; by default what suits the
 *   values.
 * @fires gw-select - `{box}`, when a box or a point is chosen.
 * @fires gw-view - `{variable, time, level, member, at, box}`, whenever one changes.
 * @fires gw-field - `{dataset, variable, field, units}`, when a field was drawn.
 * @slot empty - Shown if the data set has no variable to draw.
 * @csspart map - The map itself.
 * @csspart bar - The bar of colours.
 * @csspart controls - The sliders.
 * @example
 * <gw-map dataset="simulated-reanalysis" variable="prmsl" select="box" box="-20 40 20 60"></gw-map>
 */
export class GwMap extends GwElement {
  static properties = {
    datasetId: { attribute: "dataset" }, variable: { reflect: true }, time: { reflect: true }, level: { reflect: true }, member: { reflect: true }, at: { reflect: true },
    select: {}, box: { reflect: true }, colours: {}, described: { state: true }, field: { state: true }, units: { state: true },
    drawing: { state: true }, readout: { state: true }, scale: { state: true }, choosing: { state: true }, firsts: { state: true },
    drawn: { state: true }, sliding: { state: true },
  };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    .head { align-items: end; display: flex; flex-wrap: wrap; gap: 8px 12px; }
    .head .field { flex: 1 1 200px; }
    .frame { background: var(--gw-sunk); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); overflow: hidden; position: relative; }
    .map { aspect-ratio: 2; block-size: auto; inline-size: 100%; }
    .map:focus-visible { outline-offset: -3px; }
    .choosing .map { cursor: crosshair; }
    .value { background: color-mix(in srgb, var(--gw-panel) 88%, transparent); border-start-end-radius: var(--gw-corner); font-size: var(--gw-small); inset-block-end: 0; inset-inline-start: 0; min-block-size: 24px; padding: 3px 10px; pointer-events: none; position: absolute; }
    .busy { inset-block-start: 8px; inset-inline-end: 8px; position: absolute; background: var(--gw-panel); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); font-size: var(--gw-small); padding: 2px 8px; }
    .legend { align-items: center; display: grid; gap: 2px 10px; grid-template-columns: auto minmax(80px, 1fr) auto auto; }
    .legend canvas { block-size: 12px; border-radius: 2px; inline-size: 100%; }
    .sliders { display: grid; gap: 8px 24px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 320px), 1fr)); }
    .slider { display: grid; gap: 2px; }
    .slider span { display: flex; gap: 8px; justify-content: space-between; }
    .slider input { inline-size: 100%; margin: 0; min-block-size: 24px; }
    .slider .row { align-items: center; display: flex; gap: 8px; }
    .slider select { flex: none; inline-size: 96px; }
    .slider .date { flex: none; inline-size: auto; max-inline-size: 70%; }
    .value:empty { display: none; }
    .bounds { display: grid; gap: 8px; grid-template-columns: repeat(auto-fit, minmax(92px, 1fr)); max-inline-size: 560px; padding-block-start: 8px; }
    .bounds button { align-self: end; }
    summary { cursor: pointer; min-block-size: 24px; }
  `];

  constructor() {
    super();
    this.datasetId = "";
    this.variable = "";
    this.time = "";
    this.level = "";
    this.member = "";
    this.at = "";
    this.select = "";
    this.box = "";
    this.colours = "";
    /** @type {Dataset | null} */
    this.described = null;
    /** @type {Field | null} */
    this.field = null;
    this.units = "";
    /** Where the field is on the axes that have no slider. */
    this.firsts = "";
    /** @type {Record<string, number | string>} The values that were drawn, by the axes' parameters. */
    this.drawn = {};
    /** @type {{parameter: string, index: number} | null} The slider that is being moved. */
    this.sliding = null;
    this.drawing = false;
    this.readout = "";
    this.scale = { map: "viridis", low: 0, high: 1 };
    this.choosing = false;
    /** @type {import("./map-canvas.js").MapCanvas | null} */
    this._map = null;
    this._turn = 0;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._close();
  }

  /** The place that the map was drawn in goes. */
  _close() {
    this._map?.close();
    this._map = null;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("datasetId")) this.reload();
    else if (this.described && ["variable", "at", ...OWN].some((name) => changed.has(name))) this._draw();
    if (changed.has("box")) this._map?.showBox(this.bounds);
    if (changed.has("colours") && this.field) this._paint(this.field);
  }

  /** The variable that is shown. @returns {Variable | undefined} */
  get shown() {
    const all = this.described ? mapVariables(this.described) : [];
    return all.find((one) => one.name === this.variable) ?? all[0];
  }

  /** The box as `[west, south, east, north]`; a point has no extent. @returns {[number, number, number, number] | null} */
  get bounds() {
    const numbers = this.box.trim().split(/[\s,]+/).map(Number);
    if (!this.box.trim() || numbers.some((one) => !Number.isFinite(one))) return null;
    if (numbers.length === 2) return [numbers[0], numbers[1], numbers[0], numbers[1]];
    const [west, south, east, north] = numbers;
    return numbers.length === 4 ? [west, Math.min(south, north), east, Math.max(south, north)] : null;
  }

  /** What is shown, as parameters of a subset. @param {{whole?: boolean}} [options] whole: of the whole field. */
  subset({ whole = false } = {}) {
    const variable = this.shown;
    /** @type {Record<string, string>} */
    const subset = { var: variable?.name ?? "" };
    for (const axis of variable ? otherAxes(variable) : []) {
      const value = this._chosen(axis);
      if (axis.kind === "member" && isStatistic(value)) subset.stat = value;
      else subset[axis.parameter] = value;
    }
    const bounds = whole ? null : this.bounds;
    if (bounds) {
      const [west, south, east, north] = bounds;
      subset.lat = south === north ? String(south) : `${south}:${north}`;
      subset.lon = west === east ? String(west) : `${west}:${east}`;
    }
    return subset;
  }

  /** The chosen value of an axis, as a subset takes it. @param {Axis} axis @returns {string} */
  _chosen(axis) {
    const asked = OWN.includes(axis.kind) ? /** @type {Record<string, any>} */ (this)[axis.kind] : new URLSearchParams(this.at).get(axis.parameter);
    if (axis.kind === "member" && (isStatistic(asked ?? "") || !asked)) return asked || "mean";
    return asked || textAt(axis, 0);
  }

  /** @param {Axis} axis @param {string} value */
  _choose(axis, value) {
    this.sliding = null;
    if (OWN.includes(axis.kind)) return this._change({ [axis.kind]: value });
    const at = new URLSearchParams(this.at);
    at.set(axis.parameter, value);
    this._change({ at: at.toString() });
  }

  async reload() {
    this._close();
    this.described = null;
    this.field = null;
    const answer = await this.load(() => this.gateway.datasets.get(this.datasetId, this.signal));
    if (!answer) return;
    this.described = readDataset(answer);
    await this._draw();
  }

  async _draw() {
    const variable = this.shown;
    if (!variable) return;
    const turn = (this._turn += 1);
    const cells = (axisOf(variable, "lat")?.values.length ?? 0) * (axisOf(variable, "lon")?.values.length ?? 0);
    if (cells > MOST_CELLS) {
      this.error = { title: "Too fine for this map", message: `A field of ${variable.name} has ${count(cells, "value")}; this map draws up to ${MOST_CELLS.toLocaleString("en")}. Take a subset below instead.` };
      return;
    }
    this.drawing = true;
    const subset = this.subset({ whole: true });
    const answer = await this.attempt(() => this.gateway.datasets.subset(this.datasetId, /** @type {any} */ (subset), this.signal));
    if (turn !== this._turn) return;
    this.drawing = false;
    if (!answer) return;
    const block = readBlock(answer, variable.name, subset.stat);
    this.field = readField(block);
    this.units = block.units || variable.units;
    const rest = otherAxes({ ...variable, axes: block.axes });
    this.drawn = Object.fromEntries(rest.map((axis) => [axis.parameter, axis.values[0]]));
    const others = rest.filter((axis) => axis.values.length > 1);
    this.firsts = others.map((axis) => `${axis.name} ${axis.values[0]}, the first of ${axis.values.length}`).join("; ");
    await this._paint(this.field);
    this.announce("field", { dataset: this.datasetId, variable: variable.name, field: this.field, units: this.units });
  }

  /** @param {Field} field */
  async _paint(field) {
    const scale = scaleFor(rangeOf(field.values));
    if (this.colours in MAPS) scale.map = this.colours;
    this.scale = scale;
    await this.updateComplete;
    const place = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".map"));
    if (!place) return;
    if (!this._map) {
      const { MapCanvas } = await import("./map-canvas.js");
      if (!place.isConnected || this._map) return;
      this._map = new MapCanvas(place, /** @type {ShadowRoot} */ (this.renderRoot), {
        hover: (lon, lat) => (this.readout = this._words(lon, lat)),
        leave: () => (this.readout = ""),
        point: (lon, lat) => this.choose([lon, lat, lon, lat]),
        box: (box) => this.choose(box),
      });
      this._map.showBox(this.bounds);
    }
    this._map.show(paint(field.values, field.lon.length, field.lat.length, scale), edges(field.lon), edges(field.lat));
    this._legend();
  }

  _legend() {
    const canvas = /** @type {HTMLCanvasElement | null} */ (this.renderRoot.querySelector(".legend canvas"));
    if (!canvas) return;
    const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    const table = colourTable(this.scale.map);
    for (let i = 0; i < 256; i += 1) {
      context.fillStyle = `rgb(${table[3 * i]} ${table[3 * i + 1]} ${table[3 * i + 2]})`;
      context.fillRect(i, 0, 1, 1);
    }
  }

  /** Chooses a box or a point. @param {[number, number, number, number] | null} box */
  choose(box) {
    this.choosing = false;
    this._map?.choose(false);
    const numbers = box?.map((one) => Number(one.toFixed(3))) ?? [];
    this.box = (numbers[0] === numbers[2] && numbers[1] === numbers[3] ? numbers.slice(0, 2) : numbers).join(" ");
    this.announce("select", { box: this.bounds });
    this._tell();
  }

  /** @param {number} lon @param {number} lat */
  _words(lon, lat) {
    const { field } = this;
    if (!field || Math.abs(lat) > 90) return "";
    const [i, j] = [nearest(field.lon, lon, true), nearest(field.lat, lat, false)];
    const value = field.values[j * field.lon.length + i];
    return `${degrees(lat, "N", "S")} ${degrees(wrap(lon), "E", "W")}  ${this._figure(value)}${Number.isFinite(value) ? ` ${this.units}` : " no value"}`;
  }

  /** A value with the figures that the range of the colours needs. @param {number} value */
  _figure(value) {
    return figure(value, stepOf(this.scale.low, this.scale.high));
  }

  /** @param {Record<string, string>} change */
  _change(change) {
    Object.assign(this, change);
    this._tell();
  }

  _tell() {
    const { variable, time, level, member, at, box } = this;
    this.announce("view", { variable, time, level, member, at, box });
  }

  render() {
    if (!this.described) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(9)}`;
    if (!this.shown) return this.renderEmpty("Nothing to draw", "None of its variables has a latitude and a longitude. Read it with one of the addresses beside.");
    return html`${this._head(this.described, this.shown)}${this.renderError()}
      <div class="frame ${this.choosing ? "choosing" : ""}">
        <div class="map" part="map" role="application" tabindex="0" aria-label="Map of ${this.shown.title}; arrow keys move it, plus and minus zoom, Enter chooses the middle" @pointerleave=${() => (this.readout = "")}></div>
        <div class="value mono" role="status">${this.readout || (this.choosing ? "Draw a box on the map" : nothing)}</div>
        ${this.drawing ? html`<div class="busy" role="status">Reading …</div>` : nothing}
      </div>
      <div class="legend small mono" part="bar"><span>${this._figure(this.scale.low)}</span><canvas width="256" height="1" role="img" aria-label="Colours from ${this._figure(this.scale.low)} to ${this._figure(this.scale.high)} ${this.units}"></canvas><span>${this._figure(this.scale.high)}</span><strong>${this.units || "no units"}</strong></div>
      <div class="sliders" part="controls">${otherAxes(this.shown).map((axis) => this._slider(axis))}</div>
      ${this.firsts ? html`<p class="small muted">${this.firsts}</p>` : nothing}
      ${this.select === "box" ? this._bounds() : nothing}`;
  }

  /** @param {Dataset} dataset @param {Variable} shown */
  _head(dataset, shown) {
    return html`<h2>${dataset.title}</h2><div class="head">
      <label class="field">Variable<select @change=${(/** @type {any} */ e) => this._change({ variable: e.target.value })}>${mapVariables(dataset).map((one) => html`<option value=${one.name} ?selected=${one === shown}>${one.name}${one.title === one.name ? "" : `: ${one.title}`}</option>`)}</select></label>
      ${this.select === "box" ? html`<button aria-pressed=${String(this.choosing)} @click=${this._toggle}>${icon("box")} Select a box</button>` : nothing}
      ${this.box ? html`<button class="quiet" @click=${() => this.choose(null)}>Clear</button>` : nothing}
      ${this.renderCode({ url: this.gateway.datasets.subsetUrl(this.datasetId, /** @type {any} */ (this.subset()), "netcdf4"), save: `${this.datasetId}.nc`, open: true })}
    </div>`;
  }

  _toggle() {
    this.choosing = !this.choosing;
    this._map?.choose(this.choosing);
  }

  /** @param {Axis} axis */
  _slider(axis) {
    const { kind, parameter, values, units } = axis;
    if (values.length < 2 && kind !== "member") return nothing;
    const chosen = this._chosen(axis);
    const statistic = kind === "member" && isStatistic(chosen);
    const index = this._index(axis, chosen);
    const word = statistic ? `${chosen} of ${values.length}` : labelOf(kind, values[index] ?? chosen, units);
    const slide = (/** @type {any} */ e) => (this.sliding = { parameter, index: e.target.valueAsNumber });
    return html`<div class="slider"><span class="small"><label for=${parameter}>${WORDS[kind] ?? axis.name}</label><span class="mono">${word}</span></span>
      <div class="row"><input id=${parameter} type="range" min="0" max=${Math.max(0, values.length - 1)} .value=${String(Math.max(0, index))} aria-valuetext=${word}
        @input=${slide} @change=${(/** @type {any} */ e) => this._choose(axis, textAt(axis, e.target.valueAsNumber))}>
      ${kind === "time" ? dateField(axis, index, (value) => this._choose(axis, value)) : nothing}
      ${kind === "member" ? html`<select aria-label="Member or statistic" @change=${(/** @type {any} */ e) => this._choose(axis, e.target.value || textAt(axis, 0))}>
        <option value="" ?selected=${!statistic}>one</option>${["mean", "spread"].map((one) => html`<option ?selected=${one === chosen}>${one}</option>`)}</select>` : nothing}</div></div>`;
  }

  /** The index of a slider: the one that it is being moved to, or else the one that is drawn. @param {Axis} axis @param {string} chosen */
  _index(axis, chosen) {
    if (this.sliding?.parameter === axis.parameter) return this.sliding.index;
    const asked = indexOf(axis, chosen);
    const drawn = this.drawn[axis.parameter];
    return asked < 0 && !this.drawing && drawn !== undefined ? indexOf(axis, drawn) : asked;
  }

  _bounds() {
    const bounds = this.bounds;
    const names = ["West", "South", "East", "North"];
    const submit = (/** @type {SubmitEvent} */ event) => {
      event.preventDefault();
      const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
      this.choose(/** @type {any} */ (names.map((name) => Number(data.get(name)))));
    };
    return html`<details><summary class="small">Write the box in degrees</summary><form class="bounds" @submit=${submit}>
      ${names.map((name, i) => html`<label class="field">${name}<input name=${name} type="number" step="any" required min=${i % 2 ? -90 : -180} max=${i % 2 ? 90 : 360} .value=${bounds ? String(bounds[i]) : ""}></label>`)}
      <button>Select</button></form></details>`;
  }
}

/** @param {string} text */
export function isStatistic(text) {
  return /^(mean|spread|min|max|median|p[\d.]+)$/.test(text);
}

/** @param {number[]} centres @param {number} value @param {boolean} round */
function nearest(centres, value, round) {
  let [best, least] = [0, Infinity];
  for (let i = 0; i < centres.length; i += 1) {
    const away = round ? Math.abs(wrap(centres[i] - value)) : Math.abs(centres[i] - value);
    if (away < least) [best, least] = [i, away];
  }
  return best;
}

/** @param {number} lon */
function wrap(lon) {
  return ((((lon + 180) % 360) + 360) % 360) - 180;
}

/** @param {number} angle @param {string} plus @param {string} minus */
function degrees(angle, plus, minus) {
  return `${Math.abs(angle).toFixed(1)}°${angle < 0 ? minus : plus}`;
}
