import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count, size } from "./format.js";
import { icon } from "./icons.js";
import { skyArea } from "./sky-area.js";
import { fieldPicture } from "./thumbnail.js";

const cards = css`
  :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
  ul { display: grid; gap: 16px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 300px), 1fr)); list-style: none; margin: 0; padding: 0; }
  li { display: grid; }
  a.card { align-content: start; background: var(--gw-panel); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); color: var(--gw-text); display: grid; gap: 6px; grid-template-columns: minmax(0, 1fr); overflow: hidden; text-decoration: none; transition: border-color var(--gw-motion); }
  a.card:hover { border-color: var(--gw-accent); }
  .picture { aspect-ratio: 2; background: var(--gw-sunk); block-size: auto; inline-size: 100%; object-fit: cover; }
  .picture.sky { background: #000; image-rendering: auto; }
  .words { display: grid; gap: 4px; padding: 8px 16px 16px; }
  .words strong { overflow-wrap: anywhere; }
  .id { overflow-wrap: anywhere; }
  input[type="search"] { inline-size: min(320px, 100%); }
`;

/** A catalogue: a page of cards that a few letters narrow. */
class Catalogue extends GwElement {
  static properties = { items: { attribute: false }, next: { state: true }, wanted: { state: true }, pictures: { state: true } };

  static styles = [GwElement.styles, cards];

  constructor() {
    super();
    /** @type {any[] | null} */
    this.items = null;
    /** @type {string | null} */
    this.next = null;
    this.wanted = "";
    /** @type {Map<string, string>} */
    this.pictures = new Map();
    /** @type {Set<string>} */
    this._asked = new Set();
    this._eye = new IntersectionObserver((entries) => this._look(entries), { rootMargin: "200px" });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._eye.disconnect();
    for (const url of this.pictures.values()) if (url.startsWith("blob:")) URL.revokeObjectURL(url);
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  async reload() {
    const page = await this.load(() => this._page(null));
    if (page) this._take([], page);
  }

  /** Shows the next page below what is shown. */
  async more() {
    const page = await this.attempt(() => this._page(this.next));
    if (page) this._take(this.items ?? [], page);
  }

  /** @param {any[]} before @param {{items: any[], next: string | null}} page */
  _take(before, page) {
    [this.items, this.next] = [[...before, ...page.items], page.next];
  }

  updated() {
    for (const card of this.renderRoot.querySelectorAll("[data-id]")) this._eye.observe(card);
  }

  /** @param {IntersectionObserverEntry[]} entries Cards that came into view, or went. */
  _look(entries) {
    for (const { isIntersecting, target } of entries) {
      const { id } = /** @type {HTMLElement} */ (target).dataset;
      const item = this.items?.find((one) => one.id === id);
      if (!isIntersecting || !item || this._asked.has(item.id)) continue;
      this._asked.add(item.id);
      this._picture(item);
    }
  }

  /** Loads the picture of an item; if that fails, the card is shown without one. @param {any} item */
  async _picture(item) {
    const url = await this._pictureUrl(item).catch(() => "");
    if (url) this.pictures = new Map(this.pictures).set(item.id, url);
  }

  /** One page of the catalogue. @param {string | null} cursor @returns {Promise<{items: any[], next: string | null}>} */
  async _page(cursor) {
    return { items: [], next: cursor };
  }

  /** @param {any} item @returns {Promise<string>} */
  async _pictureUrl(item) {
    return "";
  }

  /** @param {any} item @returns {{href: string, sky: boolean, lines: any[]}} */
  _about(item) {
    return { href: item.id, sky: false, lines: [] };
  }

  /** Title and text of the empty state. @returns {[string, string]} */
  get _none() {
    return ["Nothing here", ""];
  }

  render() {
    if (this.items === null) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(6)}`;
    const wanted = this.wanted.toLowerCase();
    const found = this.items.filter((item) => `${item.id} ${item.title ?? ""}`.toLowerCase().includes(wanted));
    return html`${this.renderError()}
      ${this.items.length > 6 ? html`<div class="bar"><input type="search" aria-label="Narrow the list" placeholder="A part of the name" .value=${this.wanted} @input=${(/** @type {any} */ e) => (this.wanted = e.target.value)}>
        <span class="muted small" role="status">${found.length} of ${this.items.length}${this.next ? " shown" : ""}</span></div>` : nothing}
      ${this.items.length ? html`<ul>${repeat(found, (item) => item.id, (item) => this._card(item))}</ul>` : this.renderEmpty(...this._none)}
      ${this.next ? html`<div><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  /** @param {any} item */
  _card(item) {
    const { href, sky, lines } = this._about(item);
    const picture = this.pictures.get(item.id);
    const open = (/** @type {Event} */ event) => { if (!this.announce("open", item, true)) event.preventDefault(); };
    return html`<li data-id=${item.id}><a class="card" part="card" href=${href} @click=${open}>
      ${picture ? html`<img class="picture ${sky ? "sky" : ""}" src=${picture} alt="" loading="lazy">` : html`<span class="picture ${sky ? "sky" : ""}"></span>`}
      <span class="words"><strong>${item.title || item.id}</strong><span class="mono small muted id">${item.id}</span>${lines}</span>
    </a></li>`;
  }
}

/**
 * `<gw-datasets>`: the catalogue of gridded data, a card for each data set.
 *
 * @property {any[] | null} items - The data sets that are shown.
 * @fires gw-open - The data set, before its page is opened (cancelable).
 * @slot empty - Shown in place of an empty list.
 * @csspart card - A card.
 * @example
 * <gw-datasets></gw-datasets>
 */
export class GwDatasets extends Catalogue {
  /** @param {string | null} cursor */
  async _page(cursor) {
    const page = await this.gateway.datasets.page({ cursor }, this.signal);
    return { items: page.datasets, next: page.next };
  }

  /** @param {any} item */
  _pictureUrl(item) {
    return fieldPicture(this.gateway, item.id, this.signal);
  }

  /** @param {any} item */
  _about(item) {
    const variables = /** @type {string[]} */ (item.variables);
    return {
      href: at(`/data/${escapeName(item.id)}`), sky: false,
      lines: [
        variables.length ? html`<span class="small muted">${variables.slice(0, 6).join(", ")}${variables.length > 6 ? ` and ${variables.length - 6} more` : ""}</span>` : nothing,
        html`<span class="small muted">${[item.format, item.size === null ? "" : size(item.size)].filter(Boolean).join(" · ")}</span>`,
      ],
    };
  }

  /** @returns {[string, string]} */
  get _none() {
    return ["No data sets", "The gateway's operator publishes NetCDF files; they appear here with maps and ways to read them."];
  }
}

/**
 * `<gw-surveys>`: the collections of telescope images, a card for each survey.
 *
 * @property {any[] | null} items - The surveys that are shown.
 * @fires gw-open - The survey, before its page is opened (cancelable).
 * @slot empty - Shown in place of an empty list.
 * @csspart card - A card.
 * @example
 * <gw-surveys></gw-surveys>
 */
export class GwSurveys extends Catalogue {
  /** @param {string | null} cursor */
  async _page(cursor) {
    const page = await this.gateway.sky.surveys({ cursor }, this.signal);
    const items = await Promise.all(page.surveys.map((/** @type {any} */ one) => this.gateway.sky.survey(one.id, this.signal).catch(() => one)));
    return { items, next: page.next };
  }

  /** The first image that is of the sky, small. @param {any} item */
  async _pictureUrl(item) {
    const { images } = await this.gateway.sky.images({ survey: item.id, limit: 1 }, this.signal);
    const image = images[0];
    return image ? this.gateway.sky.cutoutUrl(image.id, image.ra, image.dec, image.fov / 4, "png", { size: 400, limits: "20 99.7" }) : "";
  }

  /** @param {any} item */
  _about(item) {
    const bands = Object.keys(item.bands ?? {});
    return {
      href: at(`/sky/${escapeName(item.id)}`), sky: true,
      lines: [
        html`<span class="small muted">${icon("sky")} ${count(item.images ?? 0, "image")}${bands.length ? ` in ${bands.join(", ")}` : ""}</span>`,
        item.area ? html`<span class="small muted">up to ${skyArea(item.area)}</span>` : nothing,
      ],
    };
  }

  /** @returns {[string, string]} */
  get _none() {
    return ["No surveys", "The gateway's operator publishes folders of FITS images; they appear here, to search by place and time."];
  }
}
