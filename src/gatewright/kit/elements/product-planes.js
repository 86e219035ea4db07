/** The planes of a coadd or a difference side by side, moved and zoomed together. */
import { offsets, placeAt, sexagesimal } from "../client/wcs.js";
import { css, html, nothing, svg } from "../vendor/lit.js";
import { Fingers, zoomByWheel } from "./gestures.js";
import { icon } from "./icons.js";
import { SIDE, drawSky, withinSky } from "./sky-canvas.js";
import { LIMITS, readWcs } from "./sky-epoch.js";
import { lookFields } from "./sky-look.js";

/** @typedef {import("../client/products.js").ProductKind} ProductKind */

/** Longer side of the pictures, in pixels; larger planes are read smaller. */
const LONGEST = 2048;

/** @type {Record<ProductKind, string[]>} */
const PLANES = { coadd: ["coadd", "weight"], difference: ["science", "reference", "difference", "score"] };

/** What each plane is, and its stretch if that is fixed. @type {Record<string, {words: string, look?: Record<string, string>}>} */
const ABOUT = {
  coadd: { words: "the mean, in units of the first image" },
  weight: { words: "1 / variance; white is best", look: { stretch: "linear", limits: "0 100" } },
  science: { words: "the new images" },
  reference: { words: "what is subtracted, on their grid" },
  difference: { words: "linear, 0.5 to 99.5 % of its values", look: { stretch: "linear", limits: "0.5 99.5" } },
  score: { words: "black is −8 sigma, white 8 sigma", look: { stretch: "linear", limits: "value -8 8" } },
};

/** @type {[string, string][]} */
const LIMIT_WORDS = [[LIMITS, "20 to 99.7 %"], ["0.5 99.5", "0.5 to 99.5 %"], ["zscale", "zscale"], ["0 100", "lowest to highest"]];

export const planesStyle = css`
  .planes { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
  .planes.four { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  @container (min-width: 1100px) { .planes.four { grid-template-columns: repeat(4, minmax(0, 1fr)); } }
  figure { align-content: start; display: grid; gap: 4px; grid-template-columns: minmax(0, 1fr); margin: 0; min-inline-size: 0; }
  figcaption { display: flex; flex-wrap: wrap; gap: 0 8px; }
  .sight { background: #000; border-radius: var(--gw-corner); overflow: hidden; position: relative; }
  .sight canvas { aspect-ratio: 1; block-size: auto; cursor: crosshair; display: block; inline-size: 100%; touch-action: none; }
  .sight svg { block-size: 100%; inline-size: 100%; inset: 0; pointer-events: none; position: absolute; }
  .sight .found { fill: none; stroke: #ffd60a; stroke-width: 0.5; }
  .sight .aside { stroke: #c3ccd6; stroke-dasharray: 1 1; }
  .sight text { fill: #ffd60a; font: 600 3.6px var(--gw-font); paint-order: stroke; stroke: #000; stroke-width: 0.8; }
  .sight .spot { fill: none; stroke: #76b5f5; stroke-width: 0.4; }
  .sight .sign { background: rgb(0 0 0 / 0.72); color: #e3e8ee; font-size: var(--gw-small); inset-block-start: 0; inset-inline-start: 0; padding: 2px 8px; position: absolute; }
  .bar.looks { align-items: end; padding-block-start: 8px; }
  .bar.looks > span { align-self: center; }
  .readout { font-family: var(--gw-mono); font-size: var(--gw-small); font-variant-numeric: tabular-nums; }
`;

/** Shows the planes of one product within an element. */
export class Planes {
  /** @param {import("./base.js").GwElement} host */
  constructor(host) {
    this._host = host;
    /** @type {any} */
    this.product = null;
    this.stretch = "asinh";
    this.cmap = "";
    this.limits = LIMITS;
    this.marks = true;
    this.blinking = false;
    /** Why there is no picture. */
    this.error = "";
    /** @type {import("../client/wcs.js").Wcs | null} */
    this.wcs = null;
    /** @type {Map<string, ImageBitmap>} */
    this.pictures = new Map();
    /** @type {[number, number]} Degrees. */
    this.centre = [0, 0];
    /** Side of what is seen, in degrees. */
    this.fov = 1;
    /** @type {[number, number] | null} Where the pointer is, as shares of the picture. */
    this.spot = null;
    /** Canvases that hands are on. @type {WeakSet<HTMLCanvasElement>} */
    this._held = new WeakSet();
    this._latest = {};
    host.addController(this);
  }

  hostDisconnected() {
    this._held = new WeakSet();
  }

  hostUpdated() {
    for (const canvas of this._host.renderRoot.querySelectorAll("canvas")) {
      if (!this._held.has(canvas)) this._takeHands(canvas);
      const context = canvas.getContext("2d");
      const picture = this.pictures.get(this._seen(canvas.dataset.plane ?? "")) ?? null;
      if (context) drawSky(context, { epoch: { picture, wcs: this.wcs }, centre: this.centre, fov: this.fov, marks: true });
    }
  }

  /** The names of the planes that are shown. */
  get names() {
    return this.product ? PLANES[/** @type {ProductKind} */ (this.product.kind)] : [];
  }

  /** Shows a product that is ready, the whole of it. @param {any} product */
  async show(product) {
    const latest = (this._latest = {});
    this._free();
    [this.product, this.wcs, this.error, this.blinking] = [product, null, "", false];
    const { gateway, signal } = this._host;
    try {
      const url = gateway.products.imageUrl(product.kind, product.id, { plane: this.names[0] });
      const wcs = await readWcs(signal, (stop) => gateway.http.request(url, { signal: stop }));
      if (latest !== this._latest) return;
      this.wcs = wcs;
    } catch (/** @type {any} */ error) {
      if (latest === this._latest) this._say(`There is no picture: ${error.message} The FITS files have the pixels.`);
      return;
    }
    this.whole();
    await this._read(this.names);
  }

  /** Shows nothing. */
  clear() {
    this._latest = {};
    this._free();
    [this.product, this.wcs] = [null, null];
  }

  /** Shows the whole of the product. */
  whole() {
    if (!this.wcs) return;
    const { width, height } = this.wcs;
    this.centre = this.wcs.toSky((width + 1) / 2, (height + 1) / 2);
    const [a, b, c, d] = this.wcs.localMatrix(...this.centre);
    this.fov = withinSky(Math.max(width * Math.hypot(a, c), height * Math.hypot(b, d)));
    this._host.requestUpdate();
  }

  /** @param {[number, number]} centre @param {number} [fov] */
  look(centre, fov = this.fov) {
    [this.centre, this.fov] = [centre, withinSky(fov)];
    this._host.requestUpdate();
  }

  /** Loads pictures with the chosen stretch. @param {string[]} names */
  async _read(names) {
    const latest = this._latest;
    const { gateway, signal } = this._host;
    const { kind, id } = this.product;
    const size = this.wcs && Math.max(this.wcs.width, this.wcs.height) > LONGEST ? LONGEST : null;
    const [chosen, { cmap }] = [this._chosen, this];
    await Promise.all(names.map(async (plane) => {
      const look = ABOUT[plane].look ?? { stretch: this.stretch, limits: this.limits };
      try {
        const answer = await gateway.http.request(gateway.products.imageUrl(kind, id, { plane, format: "png", orientation: "native", size, cmap, ...look }), { signal });
        const picture = await createImageBitmap(await answer.blob());
        const old = ABOUT[plane].look ? cmap !== this.cmap : chosen !== this._chosen;
        if (latest !== this._latest || old) { picture.close(); return; }
        this.pictures.get(plane)?.close();
        this.pictures.set(plane, picture);
        this._host.requestUpdate();
      } catch (/** @type {any} */ error) {
        if (latest === this._latest) this._say(`The plane “${plane}” is not shown: ${error.message}`);
      }
    }));
  }

  get _chosen() {
    return `${this.stretch} ${this.cmap} ${this.limits}`;
  }

  /** @param {string} words */
  _say(words) {
    this.error = words;
    this._host.requestUpdate();
  }

  _free() {
    for (const picture of this.pictures.values()) picture.close();
    this.pictures = new Map();
  }

  /** @param {Partial<{stretch: string, cmap: string, limits: string}>} change */
  _choose(change) {
    Object.assign(this, change);
    this._read(this.names.filter((plane) => "cmap" in change || !ABOUT[plane].look));
  }

  /** @param {HTMLCanvasElement} canvas */
  _takeHands(canvas) {
    this._held.add(canvas);
    const drag = (/** @type {number} */ x, /** @type {number} */ y) => {
      const scale = this.fov / canvas.getBoundingClientRect().width;
      this.look(placeAt(x * scale, y * scale, ...this.centre));
    };
    const zoom = (/** @type {number} */ factor, /** @type {number} */ x, /** @type {number} */ y) => {
      const box = canvas.getBoundingClientRect();
      const way = this.fov / withinSky(this.fov * factor) - 1;
      this.fov = withinSky(this.fov * factor);
      drag(way * (box.left + box.width / 2 - x), way * (box.top + box.height / 2 - y));
    };
    const { signal } = this._host;
    new Fingers(canvas, { drag, zoom, end: () => {} }, signal);
    zoomByWheel(canvas, { zoom, end: () => {} }, signal);
  }

  /** The plane that is seen at a plane's place. @param {string} plane */
  _seen(plane) {
    return plane === "science" && this.blinking ? "reference" : plane;
  }

  /** @param {boolean} on */
  _blink(on) {
    this.blinking = on;
    this._host.requestUpdate();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    const step = this.fov / 8;
    const move = (/** @type {number} */ east, /** @type {number} */ north) => () => this.look(placeAt(east * step, north * step, ...this.centre));
    const zoom = (/** @type {number} */ factor) => () => this.look(this.centre, this.fov * factor);
    /** @type {Record<string, () => void>} */
    const acts = { ArrowLeft: move(1, 0), ArrowRight: move(-1, 0), ArrowUp: move(0, 1), ArrowDown: move(0, -1), "+": zoom(0.5), "=": zoom(0.5), "-": zoom(2), 0: () => this.whole(), b: () => this._blink(true), B: () => this._blink(true) };
    const act = acts[event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    if (!event.repeat || event.key.startsWith("Arrow")) act();
  }

  /** @param {PointerEvent | null} event */
  _point(event) {
    this.spot = null;
    if (event) {
      const box = /** @type {HTMLElement} */ (event.currentTarget).getBoundingClientRect();
      this.spot = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    }
    this._host.requestUpdate();
  }

  render() {
    const four = this.names.length === 4;
    const keys = `arrows move, plus and minus zoom, 0 shows the whole${four ? ", B held shows the reference in place of the science image" : ""}`;
    return html`${this.error ? html`<div class="state error" role="alert"><strong>Not all is shown</strong><p>${this.error}</p></div>` : nothing}
      <div class="planes ${four ? "four" : ""}" tabindex="0" role="group" aria-label="Planes on one grid: ${keys}" @keydown=${this._key.bind(this)} @keyup=${(/** @type {KeyboardEvent} */ e) => e.key.toLowerCase() === "b" && this._blink(false)} @blur=${() => this.blinking && this._blink(false)}>
        ${this.names.map((plane) => this._plane(plane))}</div>
      <div class="bar looks">${this._controls(four)}</div>
      <p class="small muted"><span class="readout">${this._place()}</span></p>`;
  }

  /** @param {string} plane */
  _plane(plane) {
    const { kind, id } = this.product;
    const url = this._host.gateway.products.imageUrl(kind, id, { plane });
    const seen = this._seen(plane);
    return html`<figure>
      <div class="sight"><canvas width=${SIDE} height=${SIDE} data-plane=${plane} role="img" aria-label="${plane}: ${ABOUT[plane].words}"
          @pointermove=${(/** @type {PointerEvent} */ e) => this._point(e)} @pointerleave=${() => this._point(null)}></canvas>
        <svg viewBox="0 0 100 100" aria-hidden="true">${this.marks ? this._found() : nothing}${this.spot ? svg`<path class="spot" d="M${100 * this.spot[0]} ${100 * this.spot[1] - 5}v10M${100 * this.spot[0] - 5} ${100 * this.spot[1]}h10"/>` : nothing}</svg>
        ${seen === plane ? nothing : html`<span class="sign">${seen}</span>`}</div>
      <figcaption class="small"><strong>${plane}</strong><span class="muted">${ABOUT[plane].words}</span><span class="grow"></span>
        <a href=${url} download aria-label="FITS of the plane ${plane}">FITS</a></figcaption></figure>`;
  }

  /** Rings around the detections, with their numbers. */
  _found() {
    const scale = 100 / this.fov;
    return (this.product.detections ?? []).map((/** @type {any} */ one) => {
      const [xi, eta] = offsets(one.ra, one.dec, ...this.centre);
      const [x, y] = [50 - xi * scale, 50 - eta * scale];
      if (!(Math.abs(x - 50) < 54 && Math.abs(y - 50) < 54)) return nothing;
      return svg`<circle class="found ${one.aside ? "aside" : ""}" cx=${x} cy=${y} r="4"/><text x=${x + 3.4} y=${y - 3.4}>${one.number}</text>`;
    });
  }

  /** @param {boolean} four */
  _controls(four) {
    const { limits } = this;
    return html`${lookFields(this, false, (change) => this._choose(change))}
      <label class="field">Black to white<select @change=${(/** @type {any} */ e) => this._choose({ limits: e.target.value })}>${LIMIT_WORDS.map(([value, words]) => html`<option value=${value} ?selected=${value === limits}>${words}</option>`)}</select></label>
      <button @click=${() => this.look(this.centre, this.fov / 2)}>${icon("plus")} Closer</button>
      <button @click=${() => this.look(this.centre, this.fov * 2)}>Wider</button>
      <button @click=${() => this.whole()}>Whole</button>
      ${four ? html`<button @pointerdown=${() => this._blink(true)} @pointerup=${() => this._blink(false)} @pointerleave=${() => this._blink(false)} @pointercancel=${() => this._blink(false)} @keydown=${(/** @type {KeyboardEvent} */ e) => [" ", "Enter"].includes(e.key) && this._blink(true)} @keyup=${() => this._blink(false)}>Blink</button>
        <label class="check"><input type="checkbox" .checked=${this.marks} @change=${(/** @type {any} */ e) => { this.marks = e.target.checked; this._host.requestUpdate(); }}>Detections</label>` : nothing}
      <span class="small muted">North up, east left. Drag to move, wheel or two fingers to zoom${four ? html`; hold <kbd>B</kbd> to blink` : nothing}.</span>`;
  }

  _place() {
    const [x, y] = this.spot ?? [0.5, 0.5];
    const [ra, dec] = placeAt((0.5 - x) * this.fov, (0.5 - y) * this.fov, ...this.centre);
    return `${sexagesimal(ra, dec)}  ${ra.toFixed(5)} ${dec.toFixed(5)}${this.spot ? "" : "  centre"}`;
  }
}
