/** Very long tables: only the rows near the window are in the page; the others are a gap as high as they. */
import { html, repeat } from "../vendor/lit.js";

const CHUNK = 60;
const MARGIN = "900px 0px";
const FIRST_GUESS = 44;
/** Rows up to which all are in the page, where the browser's own search finds them. */
const WHOLE = 600;

/** The rows of a table, a `tbody` for each chunk of them. */
export class Chunks {
  /** @param {import("../vendor/lit.js").LitElement} host @param {number} columns */
  constructor(host, columns) {
    this._host = host;
    this._columns = columns;
    /** @type {Set<number>} */
    this._near = new Set();
    /** @type {Map<number, number>} Heights of whole chunks as they were measured. */
    this._heights = new Map();
    this._eye = new IntersectionObserver((entries) => this._look(entries), { rootMargin: MARGIN });
    host.addController(this);
  }

  hostConnected() {
    this._host.requestUpdate();
  }

  hostUpdated() {
    for (const body of this._host.renderRoot.querySelectorAll("tbody")) this._eye.observe(body);
  }

  hostDisconnected() {
    this._eye.disconnect();
  }

  /** Forgets where one was, as the table is of other things now. */
  reset() {
    this._near.clear();
    this._heights.clear();
  }

  /** @param {IntersectionObserverEntry[]} entries Bodies that came near, or went. */
  _look(entries) {
    for (const { target, isIntersecting, boundingClientRect } of entries) {
      const body = /** @type {HTMLTableSectionElement} */ (target);
      if (!body.isConnected) continue;
      const i = Number(body.dataset.chunk);
      if (body.rows.length === CHUNK) this._heights.set(i, boundingClientRect.height);
      if (isIntersecting === this._near.has(i)) continue;
      if (isIntersecting) this._near.add(i);
      else this._near.delete(i);
      this._host.requestUpdate();
    }
  }

  /**
   * The first chunk and the last are always there, so that one can go to them.
   * @template T @param {T[]} items @param {(item: T) => string} key
   * @param {(item: T, place: number) => any} row `place` is its `aria-rowindex`.
   * @param {(item: T) => boolean} [stays] Whether the row is in the page wherever one looks.
   */
  rows(items, key, row, stays = () => false) {
    const last = Math.ceil(items.length / CHUNK) - 1;
    return Array.from({ length: last + 1 }, (_, i) => {
      const part = items.slice(i * CHUNK, (i + 1) * CHUNK);
      const shown = items.length <= WHOLE || i === 0 || i === last || this._near.has(i) || this._focused(i) || part.some(stays);
      return shown ? html`<tbody data-chunk=${i}>${repeat(part, key, (item, at) => row(item, i * CHUNK + at + 2))}</tbody>`
        : html`<tbody data-chunk=${i} class="gap"><tr><td colspan=${this._columns} height=${this._height(i)}></td></tr></tbody>`;
    });
  }

  /** @param {number} i Whether the focus is in a chunk: it must not vanish under it. */
  _focused(i) {
    const active = /** @type {ShadowRoot} */ (this._host.renderRoot).activeElement;
    return active?.closest("tbody")?.getAttribute("data-chunk") === String(i);
  }

  /** @param {number} i Height of a whole chunk, as measured or as another's. */
  _height(i) {
    const [another] = this._heights.values();
    return Math.round(this._heights.get(i) ?? another ?? FIRST_GUESS * CHUNK);
  }
}
