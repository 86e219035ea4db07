import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { html, nothing } from "../vendor/lit.js";
import { count } from "./format.js";
import { detectionTable, differenceFacts, inputs } from "./product-facts.js";
import { foundWords, selection, timeFields } from "./product-form.js";
import { Maker } from "./product-maker.js";

/** Degrees across, where one detection is looked at. */
const CLOSE = 0.01;

/** @typedef {import("../client/products.js").ProductKind} ProductKind */

/**
 * `<gw-difference>`: subtracts a reference from a survey's images of a place and detects what
 * changed, tells how far that is, and shows science, reference, difference and score aligned,
 * with what was detected, the images that went in and the pixels as FITS. Needs the scope
 * `sky:read`; visitors look at what has been made. Keys on the planes: arrows move, + and -
 * zoom, 0 shows the whole, held B blinks science and reference.
 *
 * @attr {string} survey - Id of the survey; without it people choose one.
 * @attr {string} target - `ra dec` in degrees, sexagesimal, or a name; without it all of the
 *   first image is subtracted.
 * @attr {number} radius - Degrees round the target, by default 0.01.
 * @attr {string} band - Band of the images; by default the survey's first.
 * @attr {string} time - When the new images were taken, such as `2024-01-16/2024-01-23`.
 * @attr {string} reference - What is subtracted: `auto` (the default), where the gateway
 *   chooses earlier images; a time as above; or the id of a coadd.
 * @attr {number} days - Of `auto`: how many days earlier, by default 14.
 * @attr {number} most - Of `auto`: how many images at most, by default 10.
 * @attr {string} difference - Id of the difference that is shown.
 * @property {any} product - The difference that is shown; null where there is none.
 * @fires gw-make - The request, before it is sent (cancelable).
 * @fires gw-made - The difference, when it is ready.
 * @fires gw-view - `{target, radius, band, time, reference, days, most, difference}`, when one has
 *   been asked for.
 * @slot empty - Where none has been made.
 * @csspart form - The form.
 * @csspart error - What failed.
 * @csspart progress - What is shown while it is made.
 * @csspart result - The difference.
 * @csspart planes - Its planes.
 * @example
 * <gw-difference survey="simulated-sky" target="150.0886 2.1986" band="r" time="2024-01-16/2024-01-23"></gw-difference>
 */
export class GwDifference extends Maker {
  static properties = { reference: {}, days: { type: Number }, most: { type: Number }, difference: { reflect: true } };

  constructor() {
    super();
    this.reference = "auto";
    this.days = 14;
    this.most = 10;
    this.difference = "";
  }

  /** @returns {ProductKind} */
  get _kind() {
    return "difference";
  }

  /** Whether the reference is chosen by the gateway, a coadd, or images of a time. @returns {"auto" | "coadd" | "time"} */
  get _way() {
    if (this.reference === "auto") return "auto";
    return /^c-/.test(this.reference) ? "coadd" : "time";
  }

  get _selections() {
    const { survey, band, time, reference } = this;
    return [{ survey, band, time }, ...(this._way === "time" ? [{ survey, band, time: reference }] : [])];
  }

  get _wanted() {
    const [science, old] = this._selections.map(selection);
    const reference = { auto: { days: this.days, most: this.most }, coadd: { coadd: this.reference }, time: old }[this._way];
    return { science, reference };
  }

  get _view() {
    const { reference, days, most } = this;
    return { ...super._view, reference, ...(this._way === "auto" ? { days, most } : {}) };
  }

  _choices() {
    const ways = [["auto", "Earlier images, chosen by the gateway"], ["time", "Images of other days"], ["coadd", "A coadd"]];
    const first = /** @type {Record<string, string>} */ ({ auto: "auto", time: "", coadd: "c-" });
    return html`<div class="sides">
      <fieldset><legend>New images</legend><div class="fields">${timeFields(this.time, this._set("time"))}</div>
        <span class="small muted" role="status">${foundWords(this.found[0] ?? null)}</span></fieldset>
      <fieldset><legend>What is subtracted</legend>
        <label class="field">Reference<select name="reference" @change=${(/** @type {any} */ e) => (this.reference = first[e.target.value])}>${ways.map(([value, words]) => html`<option value=${value} ?selected=${value === this._way}>${words}</option>`)}</select></label>
        <div class="fields">${this._reference()}</div></fieldset></div>`;
  }

  _reference() {
    if (this._way === "time") return html`${timeFields(this.reference, this._set("reference"), true)}<span class="small muted" role="status">${foundWords(this.found[1] ?? null)}</span>`;
    if (this._way === "coadd") return html`<label class="field place">Id of the coadd<input name="coadd" required pattern="c-[0-9a-f]+" placeholder="c-…" .value=${this.reference} @change=${(/** @type {any} */ e) => (this.reference = e.target.value.trim() || "c-")}></label>`;
    const number = (/** @type {string} */ name) => (/** @type {any} */ e) => { if (e.target.validity.valid) Object.assign(this, { [name]: e.target.valueAsNumber }); };
    return html`<label class="field">Days earlier, at least<input name="days" type="number" min="0" max="36525" step="any" required .value=${String(this.days)} @change=${number("days")}></label>
      <label class="field">Images, at most<input name="most" type="number" min="1" max="40" required .value=${String(this.most)} @change=${number("most")}></label>`;
  }

  get _purpose() {
    return "Choose a place, a band, the days of the new images and what is subtracted from them. What became brighter or fainter stays, and each such thing is a candidate to vote on.";
  }

  get _work() {
    return "The images of both sides are read, aligned and averaged, the sharpness of each is measured, one is subtracted from the other, and what changed is looked for.";
  }

  /** @param {any} product */
  _title({ detections }) {
    return `Difference with ${count(detections.length, "detection")}${this.band ? ` in ${this.band}` : ""}`;
  }

  /** @param {any} product */
  _next({ id, detections }) {
    const candidates = detections.filter((/** @type {any} */ one) => !one.aside).length;
    return candidates ? html`<a class="button primary" href=${at(`/scan?difference=${escapeName(id)}`)}>Vote on ${count(candidates, "candidate")}</a>` : nothing;
  }

  /** @param {any} product */
  _facts(product) {
    return differenceFacts(product);
  }

  /** @param {any} product */
  _tables({ report, detections }) {
    return html`${detectionTable(detections, (one) => this._planes.look([one.ra, one.dec], Math.min(this._planes.fov, CLOSE)))}
      ${inputs("New images", report.science)}${inputs("Subtracted images", report.reference)}`;
  }
}
