import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { html } from "../vendor/lit.js";
import { count } from "./format.js";
import { METHOD_CHOICES, coaddFacts, inputs } from "./product-facts.js";
import { foundWords, selection, timeFields } from "./product-form.js";
import { Maker } from "./product-maker.js";

/**
 * `<gw-coadd>`: a form that averages a survey's images of a place, a band and some days into a
 * coadd. It shows the progress, then the mean and its weight map side by side, with the depth,
 * the images that were used, and links to FITS. Needs the scope `sky:read`, and an account to
 * make coadds; visitors see existing ones. Keys on the planes: arrows move, + and - zoom, 0
 * shows the whole.
 *
 * @attr {string} survey - Id of the survey; without it people choose one.
 * @attr {string} target - `ra dec` in degrees, sexagesimal, or a name; without it the coadd
 *   has the whole area of the first image.
 * @attr {number} radius - Degrees round the target, by default 0.01.
 * @attr {string} band - Band of the images; by default the survey's first.
 * @attr {string} time - Days of the exposures, such as `2024-01-16/2024-01-23`.
 * @attr {string} method - `mean`, `clipped` or `psf-matched`.
 * @attr {string} coadd - Id of the coadd that is shown.
 * @property {any} product - The coadd that is shown; null without one.
 * @fires gw-make - The request, before it is sent (cancelable).
 * @fires gw-made - The coadd, when it is ready.
 * @fires gw-view - `{target, radius, band, time, method, coadd}`, after each request.
 * @slot empty - Shown until a coadd is made.
 * @csspart form - The form.
 * @csspart error - Why the request failed.
 * @csspart progress - Shown while the coadd is made.
 * @csspart result - The coadd.
 * @csspart planes - Its planes.
 * @example
 * <gw-coadd survey="simulated-sky" target="150.0886 2.1986" band="r" method="clipped"></gw-coadd>
 */
export class GwCoadd extends Maker {
  static properties = { method: {}, coadd: { reflect: true } };

  constructor() {
    super();
    this.method = "clipped";
    this.coadd = "";
  }

  get _wanted() {
    return { images: selection(this._selections[0]), method: this.method };
  }

  get _view() {
    return { ...super._view, method: this.method };
  }

  _choices() {
    return html`<div class="fields">
      ${timeFields(this.time, this._set("time"))}
      <label class="field">Method<select name="method" @change=${(/** @type {any} */ e) => (this.method = e.target.value)}>${METHOD_CHOICES.map(([value, words]) => html`<option value=${value} ?selected=${value === this.method}>${words}</option>`)}</select></label>
      <span class="small muted" role="status">${foundWords(this.found[0] ?? null)}</span></div>`;
  }

  get _purpose() {
    return "Choose a place, a band and days. The images of them are aligned and averaged: fainter things show, and what is in one image only goes.";
  }

  get _work() {
    const many = this.product?.request.images.length;
    return `${many ? count(many, "image") : "The images"} are read, aligned by their stars, brought to one flux scale and averaged.`;
  }

  /** @param {any} product */
  _title({ request: { images } }) {
    return `Coadd of ${count(images.length, "image")}${this.band ? ` in ${this.band}` : ""}`;
  }

  /** @param {any} product */
  _next({ id }) {
    const query = new URLSearchParams({ reference: id, target: this.target, radius: String(this.radius), band: this.band });
    return html`<a class="button" href=${at(`/sky/${escapeName(this.survey)}/difference?${query}`)}>Subtract it from other images</a>`;
  }

  /** @param {any} product */
  _facts(product) {
    return coaddFacts(product);
  }

  /** @param {any} product */
  _tables({ report }) {
    return inputs("Made of", report.side);
  }
}
