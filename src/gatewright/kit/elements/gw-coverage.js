import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { skyArea } from "./sky-area.js";

/**
 * `<gw-coverage>`: where on the sky the images of a survey are and how many overlap, as
 * a map that the gateway draws, with a sentence that says how many there are, in which
 * bands, and from when to when.
 *
 * @attr {string} survey - Id of the survey.
 * @attr {string} band - Only images of this band.
 * @attr {string} time - Only images of this time, such as `2018-11/2018-12`.
 * @property {any} coverage - The numbers of the map: `images`, `bands`, `area`, `most`, `text`, `depths`.
 * @fires gw-coverage - The numbers, when they were read.
 * @slot empty - Where the survey has no such images.
 * @csspart picture - The map.
 * @example
 * <gw-coverage survey="simulated-sky" band="r"></gw-coverage>
 */
export class GwCoverage extends GwElement {
  static properties = { survey: {}, band: {}, time: {}, coverage: { attribute: false } };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    figure { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); margin: 0; }
    img { background: #fff; block-size: auto; border-radius: var(--gw-corner); inline-size: 100%; max-inline-size: 900px; }
    p { margin: 0; }
  `];

  constructor() {
    super();
    this.survey = "";
    this.band = "";
    this.time = "";
    /** @type {any} */
    this.coverage = null;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["survey", "band", "time"].some((name) => changed.has(name)) && this.survey) this.reload();
  }

  get _query() {
    return { band: this.band || null, time: this.time || null };
  }

  async reload() {
    const asked = [this.survey, this.band, this.time].join("\n");
    this.coverage = null;
    const found = await this.load(() => this.gateway.sky.coverage(this.survey, this._query, this.signal));
    if (!found || asked !== [this.survey, this.band, this.time].join("\n")) return;
    this.coverage = found;
    this.announce("coverage", found);
  }

  /** @param {"png" | "svg"} form */
  _url(form) {
    return this.gateway.sky.coverageUrl(this.survey, form, this._query);
  }

  render() {
    if (!this.coverage) return html`${this.renderError()}${this.loading ? this.renderLoading(4) : nothing}`;
    const { images, area, most, text, counted } = this.coverage;
    if (!images) return this.renderEmpty("No images", "No image of this survey is in this band and time.");
    const overlap = counted === "outlines" && most > 1 ? ` Up to ${most} overlap.` : "";
    return html`${this.renderError()}<figure>
      <figcaption><p>${text}${area ? ` They cover ${skyArea(area)}.` : ""}${overlap}</p></figcaption>
      <img part="picture" src=${this._url("png")} alt="Map of the sky with the number of images in each place. ${text}">
      <p class="small"><a href=${this._url("svg")} download>The map as SVG</a></p>
    </figure>`;
  }
}
