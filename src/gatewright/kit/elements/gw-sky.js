import { offsets, placeAt, readPlace, sexagesimal } from "../client/wcs.js";
import { html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count } from "./format.js";
import { Fingers, zoomByWheel } from "./gestures.js";
import { icon } from "./icons.js";
import { SIDE, drawSky, roundAngle, withinSky } from "./sky-canvas.js";
import { Overlays } from "./sky-overlays.js";
import { imageWords, stripItem } from "./sky-words.js";
import { skyStyle } from "./sky-style.js";
import { freeStamps, readFilm } from "./stamps.js";
import { LIMITS, readColour, readEpoch, threeBands } from "./sky-epoch.js";
import { lookFields } from "./sky-look.js";

/** @typedef {import("./sky-epoch.js").Epoch} Epoch */

/** Pixels on a side of the animated picture of a place. */
const FILM_PIXELS = 256;

/**
 * `<gw-sky>`: one place of the sky through all its images, north up and east left, each
 * drawn by its own world coordinates, so that stars stay where they are from one to the
 * next; where there are three bands, also in colour. It is moved by dragging, and zoomed
 * by the wheel or two fingers. Keys on the picture: left and right change the image, held
 * B blinks to the one before, + and - zoom.
 *
 * @attr {string} survey - Id of the survey; without it images of all are found.
 * @attr {string} target - `ra dec` in degrees, or sexagesimal; by default the first
 *   image's centre.
 * @attr {number} fov - Side of the picture in degrees.
 * @attr {string} image - Id of the image that is shown.
 * @attr {string} band - Only images of this band.
 * @attr {string} stretch - Grey levels: `asinh` (the default), `linear`, `log` or `sqrt`; or
 *   `colour`, of three bands.
 * @attr {string} cmap - Colour map, such as `viridis` or `gray_r`; by default grey.
 * @attr {string} overlays - Marks over the picture: `objects`, `footprints`, or both, separated by a space.
 * @attr {boolean} cutouts - Offer cut-outs to download.
 * @property {any[] | null} images - The images of the place.
 * @fires gw-view - `{target, fov, image, band, stretch, cmap, overlays}`, whenever one changes.
 * @fires gw-open - The object whose mark or link was clicked, before its page opens (cancelable).
 * @fires gw-point - `{ra, dec}` in degrees, at a click.
 * @slot empty - Shown if no image has the place.
 * @csspart picture - The picture itself.
 * @csspart strip - The images of the place.
 * @csspart objects - The objects that are drawn, as links.
 * @csspart film - All images of the place as one animated picture.
 * @csspart readout - The place under the pointer.
 * @example
 * <gw-sky survey="simulated-sky" target="150.1 2.2" fov="0.02" cutouts></gw-sky>
 */
export class GwSky extends GwElement {
  static properties = {
    survey: {}, target: { reflect: true }, fov: { type: Number }, image: { reflect: true }, band: {}, stretch: {}, cmap: {}, overlays: {}, cutouts: { type: Boolean },
    images: { attribute: false }, more: { state: true }, centre: { state: true }, readout: { state: true },
    note: { state: true }, marks: { state: true }, epoch: { state: true }, blinking: { state: true }, film: { state: true },
  };

  static styles = [GwElement.styles, skyStyle];

  constructor() {
    super();
    this.survey = "";
    this.target = "";
    this.fov = 0;
    this.image = "";
    this.band = "";
    this.cutouts = false;
    /** @type {any[] | null} */
    this.images = null;
    /** @type {string | null} */
    this.more = null;
    /** @type {[number, number] | null} */
    this.centre = null;
    /** @type {[number, number] | null} */
    this.readout = null;
    this.note = "";
    this.stretch = "asinh";
    this.cmap = "";
    this.overlays = "";
    this._over = new Overlays(this);
    this.marks = true;
    /** @type {Epoch | null} */
    this.epoch = null;
    this.blinking = false;
    /** The animated picture of all images of the place; empty while it is not shown. */
    this.film = "";
    /** @type {Map<string, Promise<Epoch>>} */
    this._epochs = new Map();
    /** @type {HTMLCanvasElement | null} The picture that hands are on. */
    this._canvas = null;
    /** @type {Fingers | null} */
    this._fingers = null;
    /** Of what the strip's pictures are: not of each place on the way of a drag. */
    this._at = { ra: 0, dec: 0, radius: 0 };
    /** @type {[number, number] | null} The centre before it was moved by hand. */
    this._before = null;
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._endFilm();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["centre", "fov", "image", "band", "survey", "cmap"].some((name) => changed.has(name))) this._endFilm();
    if (changed.has("target") || changed.has("survey")) {
      const place = readPlace(this.target);
      const same = place && this.centre && place[0] === this.centre[0] && place[1] === this.centre[1];
      if (!same || changed.has("survey")) this.reload();
    }
    if (["image", "stretch", "cmap"].some((name) => changed.has(name)) && this.images) this._show();
    if (changed.has("overlays") && this.images) this._over.read();
  }

  /** Finds the images of the target; without one, starts at a survey's first image. */
  async reload() {
    this._epochs.clear();
    this.centre = readPlace(this.target);
    if (this.target && !this.centre) {
      this.error = { title: "Not a place", message: "A target is “ra dec” in degrees, such as 318.108 -66.016, or 21:12:26.0 -66:00:56." };
      return;
    }
    this.note = "";
    const page = await this.load(() => this._find());
    if (page) await this._take(page);
  }

  /** @param {{images: any[], next: string | null}} page */
  async _take(page) {
    [this.images, this.more] = [page.images, page.next];
    const first = this.images?.[0];
    if (first && !this.centre) this.centre = [first.ra, first.dec];
    if (first && !this.fov) this.fov = Number(Math.min(first.fov / 1.6, 600 * first.pixel_scale / 3600).toPrecision(3));
    await this._show();
  }

  async _find() {
    const place = this.centre ?? (await this._first());
    if (!place) return { images: [], next: null };
    this.centre = place;
    return this.gateway.sky.images({ pos: `CIRCLE ${place[0]} ${place[1]} 0.0001`, survey: this.survey, band: this.band, limit: 200 }, this.signal);
  }

  /** @returns {Promise<[number, number] | null>} */
  async _first() {
    const { images } = await this.gateway.sky.images({ survey: this.survey, limit: 1 }, this.signal);
    return images.length ? [images[0].ra, images[0].dec] : null;
  }

  /** The image that is shown, and those of the strip. */
  get shown() {
    return (this.images ?? []).find((one) => one.id === this.image) ?? this.images?.[0];
  }

  /** The bands of the images of the place. */
  get bands() {
    return [...new Set((this.images ?? []).map((one) => one.band).filter(Boolean))];
  }

  async _show() {
    const image = this.shown;
    if (!image || !this.centre) { this.epoch = null; return; }
    this._at = { ra: this.centre[0], dec: this.centre[1], radius: this.fov / 4 };
    this._over.read();
    const epoch = await this._epoch(image);
    if (this.shown !== image) return;
    if (!this.blinking) this.epoch = epoch;
    this._prefetch(image);
  }

  /** Makes the neighbours ready, so that the next one is already there. @param {any} image */
  _prefetch(image) {
    const here = this.images?.indexOf(image) ?? -1;
    for (const step of [1, -1]) {
      const next = this.images?.[here + step];
      if (next) this._epoch(next);
    }
  }

  /** @param {any} image @returns {Promise<Epoch>} */
  _epoch(image) {
    const colours = this.stretch === "colour" ? threeBands(this.images ?? []) : null;
    const key = `${colours ?? image.id} ${this.stretch} ${this.cmap} ${this.centre} ${this.fov}`;
    let epoch = this._epochs.get(key);
    if (!epoch) {
      const sight = { centre: /** @type {[number, number]} */ (this.centre), fov: this.fov, stretch: this.stretch === "colour" ? "asinh" : this.stretch, cmap: this.cmap };
      epoch = colours ? readColour(this.gateway, { bands: colours, survey: this.survey }, sight, this.signal) : readEpoch(this.gateway, image, sight, this.signal);
      this._epochs.set(key, epoch);
    }
    return epoch;
  }

  updated() {
    const canvas = this.renderRoot.querySelector("canvas");
    if (canvas && canvas !== this._canvas) this._takeHands(canvas);
    const context = canvas?.getContext("2d");
    if (context && this.centre) drawSky(context, { epoch: this.epoch, centre: this.centre, fov: this.fov, marks: this.marks });
  }

  /** Changes what is shown, and announces it to the page. @param {Record<string, any>} change */
  _change(change) {
    Object.assign(this, change);
    const [ra, dec] = this.centre ?? [NaN, NaN];
    if (this.centre) this.target = `${roundAngle(ra)} ${roundAngle(dec)}`;
    this.announce("view", { target: this.target, fov: this.fov, image: this.image, band: this.band, stretch: this.stretch, cmap: this.cmap, overlays: this.overlays });
  }

  /** Shows another epoch. @param {number} step */
  step(step) {
    const images = this.images ?? [];
    const next = images[images.indexOf(this.shown) + step];
    if (next) this._change({ image: next.id });
  }

  /** Zooms about the centre; above 1 one sees more. @param {number} factor */
  zoom(factor) {
    const fov = Number(withinSky(this.fov * factor).toPrecision(3));
    this._change({ fov });
    this._show();
  }

  /** Shows another place. @param {[number, number]} centre Right ascension and declination in degrees. */
  move(centre) {
    this.centre = centre;
    this._change({});
    this.reload();
  }

  /** @param {HTMLCanvasElement} canvas */
  _takeHands(canvas) {
    this._canvas = canvas;
    /** @type {import("./gestures.js").Hands} */
    const hands = { drag: (x, y) => this._drag(canvas, x, y), zoom: (factor, x, y) => this._zoomAt(canvas, factor, x, y), end: () => this._settle() };
    this._fingers = new Fingers(canvas, hands, this.signal);
    zoomByWheel(canvas, hands, this.signal);
  }

  /** Draws the picture along; what it shows now is read when it rests. @param {HTMLCanvasElement} canvas @param {number} x @param {number} y */
  _drag(canvas, x, y) {
    if (!this.centre) return;
    this._before ??= this.centre;
    const scale = this.fov / canvas.getBoundingClientRect().width;
    this.centre = placeAt(x * scale, y * scale, ...this.centre);
  }

  /** Zooms about a place of the window, which stays where it is. @param {HTMLCanvasElement} canvas @param {number} factor @param {number} x @param {number} y */
  _zoomAt(canvas, factor, x, y) {
    const box = canvas.getBoundingClientRect();
    const fov = withinSky(this.fov * factor);
    const way = (1 - fov / this.fov) / (fov / this.fov);
    this.fov = fov;
    this._drag(canvas, way * (box.left + box.width / 2 - x), way * (box.top + box.height / 2 - y));
  }

  /** Reads the images of where the picture has come to; where there is none, it goes back. */
  async _settle() {
    const before = this._before;
    const centre = (this.centre = this.centre && [roundAngle(this.centre[0]), roundAngle(this.centre[1])]);
    this._before = null;
    this.fov = Number(this.fov.toPrecision(3));
    const page = await this.attempt(() => this._find());
    if (!page || this.centre !== centre || this._before) return;
    this.note = page.images.length ? "" : "No image of this survey reaches there.";
    if (!page.images.length) this.centre = before;
    this._change({});
    if (page.images.length) this._take(page);
  }

  /** Changes to the epoch before while it is on. @param {boolean} on */
  async blink(on) {
    if (on === this.blinking) return;
    this.blinking = on;
    const images = this.images ?? [];
    const other = images[(images.indexOf(this.shown) || images.length) - 1];
    if (on && other) this.epoch = await this._epoch(other);
    if (!this.blinking || !on) this._show();
  }

  /** Begins or ends to blink through all images of the place. */
  async play() {
    if (this.film) { this._endFilm(); return; }
    if (!this.centre) return;
    const { centre, fov, survey, band, cmap } = this;
    const film = await this.attempt(() => readFilm(this.gateway, this.gateway.sky.epochsUrl(centre[0], centre[1], fov / 2, { survey, band, cmap, pixels: FILM_PIXELS, marks: this.marks }), this.signal));
    if (!film) return;
    if (this.signal.aborted || centre !== this.centre || fov !== this.fov || this.film) freeStamps([film.url]);
    else [this.film, this.note] = [film.url, film.missing];
  }

  _endFilm() {
    freeStamps([this.film]);
    if (this.film) [this.film, this.note] = ["", ""];
  }

  /** @param {PointerEvent} event @returns {[number, number] | null} */
  _under(event) {
    const canvas = /** @type {HTMLCanvasElement} */ (event.currentTarget);
    const box = canvas.getBoundingClientRect();
    if (!this.centre) return null;
    const xi = (0.5 - (event.clientX - box.left) / box.width) * this.fov;
    const eta = (0.5 - (event.clientY - box.top) / box.height) * this.fov;
    return placeAt(xi, eta, this.centre[0], this.centre[1]);
  }

  /** @param {PointerEvent} event */
  _click(event) {
    const place = this._under(event);
    if (!place || this._fingers?.moved) return;
    const object = this._over.point(place);
    if (object) this._over.follow(object.id);
    else this.announce("point", { ra: place[0], dec: place[1] });
  }

  /** Announces that an object's page opens; a listener can cancel that. @param {Event} event @param {import("./sky-objects.js").SkyObject} object */
  _open(event, object) {
    if (!this.announce("open", object, true)) event.preventDefault();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const act = { ArrowRight: () => this.step(1), ArrowLeft: () => this.step(-1), "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), b: () => this.blink(true), B: () => this.blink(true) }[event.key];
    if (!act || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    act();
  }

  /** @param {SubmitEvent} event */
  async _go(event) {
    event.preventDefault();
    const text = String(new FormData(/** @type {HTMLFormElement} */ (event.target)).get("target"));
    const place = readPlace(text);
    if (place) { this.move(place); return; }
    const named = await this.attempt(() => this.gateway.sky.place(text, this.signal));
    if (named) this.move([named.ra, named.dec]);
  }

  render() {
    const none = () => this.renderEmpty("No image here", "No image of this survey meets the place. Choose another, or leave the place empty to start at the first image.",
      html`<button @click=${() => { this.target = ""; this.centre = null; this.reload(); }}>Go to the first image</button>`);
    return html`${this._controls()}${this.renderError()}${this.images === null ? (this.error ? nothing : this.renderLoading(8)) : this.images.length ? this._view() : none()}`;
  }

  _controls() {
    const place = this.centre ? `${roundAngle(this.centre[0])} ${roundAngle(this.centre[1])}` : this.target;
    return html`<form @submit=${this._go} aria-label="Place">
      <label class="field place">Place: right ascension and declination, or a name<input name="target" spellcheck="false" autocomplete="off" .value=${place}></label>
      <button>Go there</button>
      ${this.bands.length > 1 || this.band ? html`<label class="field">Band<select @change=${(/** @type {any} */ e) => { this._change({ band: e.target.value, image: "" }); this.reload(); }}>
        <option value="">All</option>${(this.band && !this.bands.includes(this.band) ? [this.band, ...this.bands] : this.bands).map((one) => html`<option ?selected=${one === this.band}>${one}</option>`)}</select></label>` : nothing}
      ${lookFields(this, !!threeBands(this.images ?? []), (change) => this._change(change))}
    </form>`;
  }

  _view() {
    const image = this.epoch?.image ?? this.shown;
    const words = imageWords(image);
    return html`<div class="stage">
        <canvas width=${SIDE} height=${SIDE} tabindex="0" part="picture" role="img" aria-label="Sky at ${this.target || "the place"}: ${words}"
          @keydown=${this._key} @keyup=${(/** @type {any} */ e) => e.key.toLowerCase() === "b" && this.blink(false)} @blur=${() => this.blink(false)}
          @pointermove=${(/** @type {any} */ e) => this._over.point((this.readout = this._under(e)))} @pointerleave=${() => this._over.point((this.readout = null))} @click=${this._click}
          @dblclick=${(/** @type {any} */ e) => { const place = this._under(e); if (place) this.move(place); }}></canvas>
        ${this.overlays ? this._over.marks() : nothing}
        ${this.film ? html`<img class="film" part="film" src=${this.film} alt="All images of this place one after the other, with their dates">` : nothing}
        <div class="which" role="status">${[words, this.epoch?.error, this.note].filter(Boolean).join(" — ")}</div>
        <div class="readout" part="readout">${this._readoutWords()}</div>
      </div>
      <div class="bar">
        <button aria-label="Zoom in" @click=${() => this.zoom(0.5)}>${icon("plus")} Closer</button><button @click=${() => this.zoom(2)}>Wider</button>
        <button @pointerdown=${() => this.blink(true)} @pointerup=${() => this.blink(false)} @pointerleave=${() => this.blink(false)} @keydown=${(/** @type {KeyboardEvent} */ e) => [" ", "Enter"].includes(e.key) && this.blink(true)} @keyup=${() => this.blink(false)}>Blink</button>
        <button aria-pressed=${this.film ? "true" : "false"} @click=${() => this.play()}>Blink through all</button>
        <label class="check"><input type="checkbox" .checked=${this.marks} @change=${(/** @type {any} */ e) => (this.marks = e.target.checked)}>Marks</label>
        ${this._over.switches()}
        <span class="small muted">Drag to move, wheel or two fingers to zoom; hold <kbd>B</kbd> to blink, <kbd>←</kbd> <kbd>→</kbd> for other times</span>
        <span class="grow"></span>${this._downloads()}
      </div>
      <div part="objects">${this.overlays ? this._over.list() : nothing}</div>
      ${this._strip()}`;
  }

  _readoutWords() {
    const place = this.readout ?? this.centre;
    if (!place) return nothing;
    const [xi, eta] = offsets(place[0], place[1], ...(this.centre ?? place));
    return html`<span>${sexagesimal(...place)}</span><span>${place[0].toFixed(5)} ${place[1].toFixed(5)}</span>${this.readout ? html`<span>${(Math.hypot(xi, eta) * 3600).toFixed(1)}″ from the centre</span>` : html`<span>centre</span>`}${this._over.words ? html`<strong>${this._over.words}</strong>` : nothing}`;
  }

  _downloads() {
    const image = this.shown;
    if (!this.cutouts || !image || !this.centre) return nothing;
    const url = this.gateway.sky.cutoutUrl(image.id, this.centre[0], this.centre[1], this.fov / 2, "fits");
    return html`<a class="button" href=${url} download>${icon("down")} FITS</a>${this.renderCode({ url, save: `${image.id.replaceAll("~", "-")}.cutout.fits`, open: true })}`;
  }

  _strip() {
    const images = this.images ?? [];
    return html`<div><ul class="strip" part="strip" aria-label="Images of this place, in order of time" @focusin=${this._over.hover} @focusout=${this._over.hover} @pointerover=${this._over.hover} @pointerout=${this._over.hover}>${repeat(images, (one) => one.id, (one) => stripItem(one, one === this.shown, this.gateway.sky.cutoutUrl(one.id, this._at.ra, this._at.dec, this._at.radius, "png", { size: 96, limits: LIMITS, cmap: this.cmap }), () => this._change({ image: one.id })))}</ul>
      <p class="small muted">${count(images.length, "image")}${this.more ? " shown; choose a band for fewer" : " of this place"}</p></div>`;
  }
}
