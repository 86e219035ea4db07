import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { html, nothing } from "../vendor/lit.js";
import { count } from "./format.js";
import { detectionTable, differenceFacts, inputs } from "./product-facts.js";
import { foundWords, lastDay, selection, timeFields } from "./product-form.js";
import { Maker } from "./product-maker.js";

/** Degrees across, where one detection is looked at. */
const CLOSE = 0.01;

/** @typedef {import("../client/products.js").ProductKind} ProductKind */

/**
 * `<gw-difference>`: a form that subtracts a reference from a survey's images of a place, and
 * detects what changed. It shows the progress, then science, reference, difference and score
 * side by side, with the detections, the images that were used, and links to FITS. Needs the
 * scope `sky:read`, and an account to make differences; visitors see existing ones. Keys on
 * the planes: arrows move, + and - zoom, 0 shows the whole, B held blinks science and reference.
 *
 * @attr {string} survey - Id of the survey; without it people choose one.
 * @attr {string} target - `ra dec` in degrees, sexagesimal, or a name; without it the
 *   difference has the whole area of the first image.
 * @attr {number} radius - Degrees round the target, by default 0.01.
 * @attr {string} band - Band of the images; by default the survey's first.
 * @attr {string} time - Days of the new images, such as `2024-01-16/2024-01-23`; by default
 *   the last day of the survey.
 * @attr {string} reference - What is subtracted: `auto` (the default), for earlier images that
 *   the gateway chooses; days in the form of `time`; or the id of a coadd.
 * @attr {number} days - With `auto`: least number of days before the first new image, by
 *   default 14.
 * @attr {number} most - With `auto`: largest number of images, by default 10.
 * @attr {string} difference - Id of the difference that is shown.
 * @property {any} product - The difference that is shown; null without one.
 * @fires gw-make - The request, before it is sent (cancelable).
 * @fires gw-made - The difference, when it is ready.
 * @fires gw-view - `{target, radius, band, time, reference, days, most, difference}`, after each
 *   request.
 * @slot empty - Shown until a difference is made.
 * @csspart form - The form.
 * @csspart error - Why the request failed.
 * @csspart progress - Shown while the difference is made.
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

  async reload() {
    await super.reload();
    // All images at once would leave none that are earlier.
    if (!this.difference && !this.product) this.time ||= lastDay(this.about);
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
