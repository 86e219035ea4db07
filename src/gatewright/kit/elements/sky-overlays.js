/** Marks over a picture of the sky, with their names: objects that were found, and outlines of images. */
import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { offsets, sexagesimal } from "../client/wcs.js";
import { html, nothing, svg } from "../vendor/lit.js";
import { count } from "./format.js";
import { distanceToLine, objectsOf } from "./sky-objects.js";

/** @typedef {import("./gw-sky.js").GwSky} GwSky */
/** @typedef {import("./sky-objects.js").SkyObject} SkyObject */

/** @type {[string, string][]} */
const KINDS = [["objects", "Objects"], ["footprints", "Footprints"]];
const MOST_CANDIDATES = 500;
const MOST_IMAGES = 200;
/** Largest distance of the pointer from a mark that it names, in hundredths of the picture. */
const NEAR_OBJECT = 3;
const NEAR_LINE = 0.8;

/** Loads and draws the marks over a picture of the sky. */
export class Overlays {
  /** @param {GwSky} host */
  constructor(host) {
    this._host = host;
    /** @type {SkyObject[]} */
    this.objects = [];
    /** @type {any[]} */
    this.images = [];
    /** Whether there are more candidates than were read. */
    this.more = false;
    /** Why marks are missing. */
    this.error = "";
    /** Id of what is named. */
    this.named = "";
    /** Id of what has the keyboard focus: it is named while the pointer is on nothing. */
    this._focused = "";
    this._asked = "";
  }

  /** The kinds that are drawn. */
  get on() {
    return this._host.overlays.split(" ").filter(Boolean);
  }

  /** Loads the marks of the place that is shown, unless they have been loaded. @param {boolean} [again] */
  async read(again = false) {
    const { gateway, signal, centre, fov, survey, band, overlays } = this._host;
    if (!centre) return;
    const pos = `CIRCLE ${centre[0]} ${centre[1]} ${fov * 0.75}`;
    const asked = `${pos} ${survey} ${band} ${overlays}`;
    if (asked === this._asked && !again) return;
    this._asked = asked;
    const [objects, footprints] = KINDS.map(([kind]) => this.on.includes(kind));
    try {
      const [found, images] = await Promise.all([
        objects ? gateway.candidates.page({ pos, survey: survey || null, limit: MOST_CANDIDATES }, signal) : { candidates: [], next: null },
        footprints ? gateway.sky.images({ pos, survey, band, limit: MOST_IMAGES }, signal) : { images: [] },
      ]);
      if (asked !== this._asked) return;
      Object.assign(this, { objects: objectsOf(found.candidates), more: Boolean(found.next), images: images.images, error: "" });
    } catch (/** @type {any} */ error) {
      if (signal.aborted || asked !== this._asked) return;
      Object.assign(this, { objects: [], images: [], error: `The marks could not be loaded: ${error.message}` });
    }
    this._host.requestUpdate();
  }

  /** @param {string} kind @param {boolean} on */
  _switch(kind, on) {
    const kept = this.on.filter((one) => one !== kind);
    this._host._change({ overlays: (on ? [...kept, kind] : kept).join(" ") });
  }

  /** Names one thing; "" names none. @param {string} id */
  name(id) {
    const named = id || this._focused;
    if (named === this.named) return;
    this.named = named;
    this._host.requestUpdate();
  }

  /** Names the mark of a list's item while the item is pointed at or focused. @param {Event} event */
  hover = (event) => {
    const item = /** @type {HTMLElement} */ (event.target).closest("[data-id]");
    const comes = event.type === "focusin" || event.type === "pointerover";
    const id = comes ? (/** @type {HTMLElement | null} */ (item)?.dataset.id ?? "") : "";
    if (event.type.startsWith("focus")) this._focused = id;
    this.name(id);
  };

  /** Names the mark at a place; returns the object there, if there is one. @param {[number, number] | null} place @returns {SkyObject | null} */
  point(place) {
    const here = place && this._onPicture(...place);
    const away = (/** @type {SkyObject} */ one) => (here ? Math.hypot(...this._onPicture(one.ra, one.dec).map((value, i) => value - here[i])) : Infinity);
    const object = this.objects.reduce((/** @type {SkyObject | null} */ best, one) => (away(one) < (best ? away(best) : NEAR_OBJECT) ? one : best), null);
    const image = here && !object ? this.images.find((one) => this._isOnEdge(one, here)) : null;
    this.name(object?.id ?? image?.id ?? "");
    return object;
  }

  /** @param {any} image @param {number[]} here */
  _isOnEdge(image, here) {
    const corners = image.footprint.map((/** @type {[number, number]} */ [ra, dec]) => this._onPicture(ra, dec));
    return corners.some((/** @type {number[]} */ corner, /** @type {number} */ i) => distanceToLine(here, corner, corners[(i + 1) % corners.length]) < NEAR_LINE);
  }

  /** A place in hundredths of the picture, from its upper left. @param {number} ra @param {number} dec @returns {[number, number]} */
  _onPicture(ra, dec) {
    const { centre, fov } = this._host;
    const [xi, eta] = offsets(ra, dec, ...(centre ?? [ra, dec]));
    return [50 - (xi / fov) * 100, 50 - (eta / fov) * 100];
  }

  /** What is named, in words. */
  get words() {
    const object = this.objects.find((one) => one.id === this.named);
    if (object) return objectWords(object);
    const image = this.images.find((one) => one.id === this.named);
    return image ? [image.started_at?.slice(0, 16).replace("T", " "), image.band ?? image.filter, image.id].filter(Boolean).join(" · ") : "";
  }

  /** The marks, as they lie over the picture. */
  marks() {
    const named = (/** @type {string} */ id) => (id === this.named ? "named" : "");
    return html`<svg class="over" viewBox="0 0 100 100" aria-hidden="true">
      ${this.images.map((one) => svg`<path class="footprint ${named(one.id)}" data-of=${one.id} d="M${one.footprint.map((/** @type {[number, number]} */ [ra, dec]) => this._onPicture(ra, dec).map((value) => value.toFixed(2)).join(" ")).join("L")}Z"/>`)}
      ${this.objects.map((one) => {
        const [x, y] = this._onPicture(one.ra, one.dec);
        return svg`<circle class="object ${named(one.id)}" data-of=${one.id} cx=${x.toFixed(2)} cy=${y.toFixed(2)} r="2.5"/>`;
      })}</svg>`;
  }

  /** Boxes that switch each kind on and off. */
  switches() {
    return KINDS.map(([kind, words]) => html`<label class="check"><input type="checkbox" .checked=${this.on.includes(kind)} @change=${(/** @type {any} */ e) => this._switch(kind, e.target.checked)}>${words}</label>`);
  }

  /** The objects that are drawn, by their places and with what is known of them. */
  list() {
    if (this.error) return html`<p class="small" role="alert">${this.error} <button class="link" @click=${() => this.read(true)}>Try again</button></p>`;
    if (!this.on.includes("objects")) return nothing;
    if (!this.objects.length) return html`<p class="small muted">No object was found here; a difference of images finds them.</p>`;
    const query = this._host.survey ? `?survey=${encodeURIComponent(this._host.survey)}` : "";
    return html`<ul class="objects small" aria-label="Objects here" @focusin=${this.hover} @focusout=${this.hover} @pointerover=${this.hover} @pointerout=${this.hover}>
      ${this.objects.map((one) => html`<li data-id=${one.id}><a href=${at(`/objects/${escapeName(one.id)}${query}`)} @click=${(/** @type {Event} */ e) => this._host._open(e, one)}>${objectWords(one)}</a></li>`)}</ul>
      ${this.more ? html`<p class="small muted">Those of the ${MOST_CANDIDATES} most significant candidates; come closer to see all.</p>` : nothing}`;
  }

  /** Opens an object as its link does. @param {string} id */
  follow(id) {
    /** @type {HTMLElement | null} */ (this._host.renderRoot.querySelector(`li[data-id="${CSS.escape(id)}"] a`))?.click();
  }
}

/** @param {SkyObject} object */
function objectWords({ ra, dec, snr, candidates, real, bogus }) {
  const votes = [real ? `${real} real` : "", bogus ? `${bogus} bogus` : ""].filter(Boolean);
  return `${sexagesimal(ra, dec)} · ${snr.toFixed(1)} sigma · ${[count(candidates, "candidate"), ...votes].join(", ")}`;
}
