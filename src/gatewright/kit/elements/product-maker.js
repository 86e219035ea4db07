/** The common part of the elements that make coadds and differences. */
import { at } from "../client/place.js";
import { readPlace } from "../client/wcs.js";
import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { duration, secondsBetween } from "./format.js";
import { bandField, surveyDays, surveyField } from "./product-form.js";
import { Planes, planesStyle } from "./product-planes.js";
import { table } from "./styles.js";

/** @typedef {import("../client/products.js").ProductKind} ProductKind */
/** @typedef {import("./product-form.js").Selection} Selection */

const FIND_WAITS_MS = 300;
const MOST_FOUND = 200;
/** Degrees round the place, if nothing is said. */
const RADIUS = 0.01;

const styles = css`
  :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
  form { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
  form .fields { align-items: end; display: flex; flex-wrap: wrap; gap: 8px; }
  .fields .place { flex: 1 1 200px; }
  .place input { font-family: var(--gw-mono); inline-size: 100%; }
  .fields input[type="number"] { inline-size: 96px; }
  fieldset { border: 1px solid var(--gw-line); border-radius: var(--gw-corner); display: grid; gap: 8px; margin: 0; min-inline-size: 0; padding: 8px 12px 12px; }
  .sides { display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); }
  section { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
  progress { inline-size: min(100%, 420px); }
  dl { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0; }
  dl div { display: flex; flex-wrap: wrap; gap: 0 6px; min-inline-size: 0; }
  dt { color: var(--gw-muted); }
  dd { font-variant-numeric: tabular-nums; margin: 0; min-inline-size: 0; overflow-wrap: anywhere; }
  details > summary { cursor: pointer; min-block-size: 24px; }
  ul.plain { list-style: none; margin: 0; padding: 0; }
  td { overflow-wrap: anywhere; }
`;

/** A form that requests one kind of product, shows its progress, and then the product. */
export class Maker extends GwElement {
  static scope = "sky:read";

  /** @type {Record<string, any>} */
  static properties = {
    survey: {}, target: {}, radius: { type: Number }, band: {}, time: {}, product: { attribute: false },
    surveys: { state: true }, about: { state: true }, found: { state: true }, busy: { state: true }, failure: { state: true },
  };

  static styles = [GwElement.styles, table, planesStyle, styles];

  constructor() {
    super();
    this.survey = "";
    this.target = "";
    this.radius = RADIUS;
    this.band = "";
    this.time = "";
    /** @type {any} */
    this.product = null;
    /** All surveys, where none was said. @type {any[]} */
    this.surveys = [];
    /** The survey. @type {any} */
    this.about = null;
    /** What the selections find, each a page of images; null before it is known. @type {({images: any[], next: string | null} | null)[]} */
    this.found = [];
    /** Whether a product has been asked for, and no answer has come. */
    this.busy = false;
    /** What the last try to make one failed with. @type {any} */
    this.failure = null;
    this._asked = "";
    this._planes = new Planes(this);
    /** Stops waiting for the product before. */
    this._stop = new AbortController();
    this._wait = 0;
    this._tick = 0;
  }

  /** @returns {ProductKind} */
  get _kind() {
    return "coadd";
  }

  /** The request without its place. @returns {Record<string, any>} */
  get _wanted() {
    return {};
  }

  /** The selections that images are looked up for. @returns {Selection[]} */
  get _selections() {
    return [{ survey: this.survey, band: this.band, time: this.time }];
  }

  /** Id of the product, as the element's attribute says it. */
  get _id() {
    return String(/** @type {any} */ (this)[this._kind]);
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearTimeout(this._wait);
    window.clearInterval(this._tick);
    this._tick = 0;
    this._stop.abort();
    this._planes.clear();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!this.hasUpdated) return;
    if (changed.has("survey") && this.survey !== this.about?.id) this.reload();
    else if (["target", "radius", "band", "time", "reference"].some((name) => changed.has(name))) this._lookSoon();
    if (changed.has(this._kind) && this._id !== (this.product?.id ?? "")) this._follow();
  }

  updated() {
    const waits = this.busy || this.product?.state === "working";
    if (waits && !this._tick) this._tick = window.setInterval(() => this.requestUpdate(), 1000);
    if (!waits) {
      window.clearInterval(this._tick);
      this._tick = 0;
    }
  }

  async reload() {
    const about = await this.load(async () => {
      if (!this.survey) this.surveys = (await this.gateway.sky.surveys({ limit: 100 }, this.signal)).surveys;
      const id = this.survey || this.surveys[0]?.id;
      return id ? this.gateway.sky.survey(id, this.signal) : {};
    });
    if (!about) return;
    this.about = about;
    this.survey ||= about.id ?? "";
    this.band ||= Object.keys(about.bands ?? {})[0] ?? "";
    this._lookSoon();
    if (this._id && this.product?.state !== "ready") await this._follow();
  }

  /** Finds the images of the selections, a moment after the last change. */
  _lookSoon() {
    window.clearTimeout(this._wait);
    this.found = [];
    this._wait = window.setTimeout(async () => {
      const place = readPlace(this.target);
      if (!this.about?.id || (this.target.trim() && !place)) return;
      const pos = place ? `CIRCLE ${place[0]} ${place[1]} ${this.radius}` : null;
      const asked = this._wait;
      const look = (/** @type {Selection} */ one) => this.gateway.sky.images({ ...one, pos, limit: MOST_FOUND }, this.signal).catch(() => null);
      const found = await Promise.all(this._selections.map(look));
      if (asked === this._wait) this.found = found;
    }, FIND_WAITS_MS);
  }

  /** The whole request; a name is looked up in the gateway's table of places. */
  async _body() {
    const { target, radius } = this;
    const text = target.trim();
    if (!text) return this._wanted;
    const place = readPlace(text);
    const { ra, dec } = place ? { ra: place[0], dec: place[1] } : await this.gateway.sky.place(text, this.signal);
    return { ...this._wanted, pos: `CIRCLE ${ra} ${dec} ${radius}` };
  }

  /** Sends the request of the form; returns the product, which may still be in the making, or null if it was refused. */
  async make() {
    this.failure = null;
    const made = await this.attempt(async () => {
      const body = await this._body();
      if (!this.announce("make", body, true)) return null;
      this._end("");
      [this.busy, this._asked] = [true, new Date().toISOString()];
      return this.gateway.products.make(this._kind, body, this.signal);
    });
    this.busy = false;
    // The form shows the error: its own button is the way to try again.
    [this.failure, this.error] = [this.error, null];
    if (made) await this._take(made);
    return made;
  }

  /** Stops waiting for a product, and shows none but this one. @param {string} id */
  _end(id) {
    this._stop.abort();
    this._stop = new AbortController();
    if (this.product?.id !== id) this.product = null;
    this._planes.clear();
  }

  /** Waits until the product that the attribute names is ready. */
  async _follow() {
    const [kind, id] = [this._kind, this._id];
    this._end(id);
    const { signal } = this._stop;
    if (!id) return;
    const tell = (/** @type {any} */ product) => { if (!signal.aborted) this.product = product; };
    const product = await this.attempt(() => this.gateway.products.ready(kind, id, { signal, tell }).catch((error) => {
      if (signal.aborted) return null;
      throw error;
    }));
    if (product) await this._take(product);
  }

  /** @param {any} product */
  async _take(product) {
    this.product = product;
    Object.assign(this, { [this._kind]: product.id });
    this.announce("view", this._view);
    if (product.state === "working") this._follow();
    if (product.state !== "ready") return;
    this.announce("made", product);
    await this._planes.show(product);
  }

  /** The parts of the form that an address keeps. @returns {Record<string, any>} */
  get _view() {
    const { target, radius, band, time } = this;
    return { target, radius, band, time, [this._kind]: this._id };
  }

  /** @param {SubmitEvent} event */
  _submit(event) {
    event.preventDefault();
    this.make();
  }

  /** @param {string} name */
  _set(name) {
    return (/** @type {any} */ value) => Object.assign(this, { [name]: value });
  }

  render() {
    if (this.denied || this.who === undefined) return this.renderDenied();
    if (!this.about) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(4)}`;
    if (!this.about.id) return this.renderEmpty("No surveys", "The gateway's operator publishes folders of FITS images; coadds and differences are made of them.");
    return html`${this.who?.user ? this._form() : html`<p class="muted"><a href=${at("/sign-in")}>Sign in</a> to make a ${this._kind}; whoever has its address may look at it.</p>`}
      ${this.renderError()}${this._result()}`;
  }

  _form() {
    const { target, radius, failure, busy, about } = this;
    const place = readPlace(target);
    const code = !target.trim() || place ? { ...this._wanted, ...(place ? { pos: `CIRCLE ${place[0]} ${place[1]} ${radius}` } : {}) } : null;
    return html`<form part="form" @submit=${this._submit} aria-label="Make a ${this._kind}">
      <div class="fields">
        ${this.surveys.length ? surveyField(this.surveys, this.survey, (survey) => Object.assign(this, { survey, band: "" })) : nothing}
        <label class="field place">Place: right ascension and declination, or a name<input name="target" spellcheck="false" autocomplete="off" placeholder="empty: all of the first image" .value=${target} @change=${(/** @type {any} */ e) => (this.target = e.target.value)}></label>
        <label class="field">Radius, arcseconds<input name="radius" type="number" min="1" step="any" required .value=${String(Number((radius * 3600).toPrecision(6)))} @change=${(/** @type {any} */ e) => { if (e.target.valueAsNumber > 0) this.radius = e.target.valueAsNumber / 3600; }}></label>
        ${bandField(about, this.band, this._set("band"))}
      </div>
      ${this._choices()}
      ${failure ? html`<div class="state error" part="error" role="alert"><strong>${failure.title ?? "It was not made"}</strong><p>${failure.message}</p>
        <p>Change the request, and try again.${failure.requestId ? html` <span class="small muted">Request <code>${failure.requestId}</code></span>` : nothing}</p></div>` : nothing}
      <div class="bar"><button class="primary" ?disabled=${busy}>Make the ${this._kind}</button>
        <span class="grow small muted">${surveyDays(about)}</span>
        ${code ? this.renderCode({ url: this.gateway.http.url(this.gateway.products.path(this._kind)), method: "POST", json: code }) : nothing}</div>
    </form>`;
  }

  /** What is asked besides the place and the band. @returns {any} */
  _choices() {
    return nothing;
  }

  _result() {
    const { product, busy } = this;
    if (busy || product?.state === "working") return this._progress();
    if (product?.state === "failed") return html`<div class="state error" role="alert"><strong>The ${this._kind} could not be made</strong><p>${product.reason}</p><p>Change the request, and make it again.</p></div>`;
    if (!product) return this.error || this.failure ? nothing : this.renderEmpty(`No ${this._kind} yet`, this._purpose);
    return html`<section part="result"><div class="bar"><h2>${this._title(product)}</h2><span class="grow"></span>${this._next(product)}</div>
      ${this._facts(product)}<div part="planes">${this._planes.render()}</div>${this._tables(product)}</section>`;
  }

  _progress() {
    const since = secondsBetween(this.product?.created_at ?? this._asked);
    return html`<div class="state panel" part="progress"><div role="status"><strong>The ${this._kind} is being made</strong>
      <p class="muted">${this._work}${this.product ? " It goes on when you leave this page, and its address leads back here." : ""}</p></div>
      <progress aria-label="The ${this._kind} is being made"></progress><span class="small muted">for ${duration(since)}</span></div>`;
  }

  /** What it is for, where there is none. */
  get _purpose() {
    return "";
  }

  /** What is done while one waits. */
  get _work() {
    return "";
  }

  /** @param {any} product @returns {string} */
  _title(product) {
    return product.id;
  }

  /** Where to go with it. @param {any} product @returns {any} */
  _next(product) {
    return product ? nothing : null;
  }

  /** @param {any} product @returns {any} */
  _facts(product) {
    return product ? nothing : null;
  }

  /** @param {any} product @returns {any} */
  _tables(product) {
    return product ? nothing : null;
  }
}
