/** Columns of a table that a person can make wider and narrower; the browser keeps the widths. */
import { css, html, nothing } from "../vendor/lit.js";

const KEPT = "gw-columns-";
/** Least widths in per cent, of the first column and of others. */
const LEAST_FIRST = 15;
const LEAST = 4;
const STEP = 2;

export const grips = css`
  th { overflow: hidden; text-overflow: ellipsis; }
  th:has(.grip) { padding-inline-end: 16px; }
  .grip { cursor: col-resize; inline-size: 12px; inset-block: 0; inset-inline-end: 0; position: absolute; touch-action: none; }
  .grip::after { background: var(--gw-line); content: ""; inline-size: 1px; inset-block: 6px; inset-inline-end: 5px; position: absolute; }
  .grip:hover::after, .grip:focus-visible::after, .grip.held::after { background: var(--gw-accent); inline-size: 3px; inset-inline-end: 4px; }
  .grip:focus-visible { outline-offset: -3px; }
  @media (forced-colors: active) { .grip::after { background: CanvasText; } }
  @container (max-width: 860px) { .grip { display: none; } }
`;

/**
 * The widths of a table's columns, in per cent, so that they fit every window. The first
 * column takes what the others leave; the last, of buttons, keeps its width.
 */
export class Columns {
  /** @param {import("../vendor/lit.js").LitElement} host @param {string} name Under which the widths are kept. @param {string[]} words Heads of the columns but the last. */
  constructor(host, name, words) {
    this._host = host;
    this._name = KEPT + name;
    this._words = words;
    /** @type {number[]} */
    this.widths = readWidths(this._name, words.length + 1);
    /** @type {number[] | null} The widths that the page has. */
    this._applied = null;
    host.addController(this);
  }

  hostUpdated() {
    const columns = this._columns;
    if (!columns.length) this._applied = null;
    if (!columns.length || this._applied === this.widths) return;
    const own = this.widths.length ? columns.slice(1, -1) : [];
    for (const column of columns) column.style.width = "";
    own.forEach((column, i) => (column.style.width = `${this.widths[i + 1]}%`));
    this._applied = this.widths;
    this._say();
  }

  /** @returns {HTMLElement[]} */
  get _columns() {
    return [.../** @type {any} */ (this._host.renderRoot.querySelectorAll("col"))];
  }

  /** @returns {HTMLElement[]} */
  get _grips() {
    return [.../** @type {any} */ (this._host.renderRoot.querySelectorAll(".grip"))];
  }

  /** Shares of the columns in their table, in per cent. */
  get _now() {
    const wide = [...this._host.renderRoot.querySelectorAll("th")].map((head) => head.offsetWidth);
    const total = wide.reduce((sum, one) => sum + one, 0) || 1;
    return wide.map((one) => (100 * one) / total);
  }

  /** Tells the widths to those who hear them. */
  _say() {
    const now = this._now;
    this._grips.forEach((grip, i) => grip.setAttribute("aria-valuenow", String(Math.round(now[i]))));
  }

  /** The heads of the columns. @param {string[]} looks Their classes. */
  heads(looks) {
    return this._words.map((word, i) => html`<th class=${looks[i]} aria-label=${word}>${word}${i < this._words.length - 1 ? this._grip(word, i) : nothing}</th>`);
  }

  /** A handle at the end of a column's head. @param {string} word The column's name. @param {number} i Its place. */
  _grip(word, i) {
    return html`<span class="grip" role="separator" aria-orientation="vertical" aria-label="Width of ${word}" title="Drag, or the keys left and right: width of this column. Up and down: another column. Enter: all as they were." aria-valuemin=${LEAST} aria-valuemax="100" aria-valuenow=${LEAST}
      tabindex=${i ? -1 : 0} @focus=${this._say.bind(this)} @pointerdown=${(/** @type {PointerEvent} */ e) => this._drag(e, i)} @keydown=${(/** @type {KeyboardEvent} */ e) => this._key(e, i)} @dblclick=${() => this.reset()}></span>`;
  }

  /** Makes all columns as they were at first. */
  reset() {
    this._show([]);
    this._keep();
  }

  /** @param {number[]} widths */
  _show(widths) {
    this.widths = widths;
    this._host.requestUpdate();
  }

  _keep() {
    try {
      if (this.widths.length) localStorage.setItem(this._name, JSON.stringify(this.widths));
      else localStorage.removeItem(this._name);
    } catch {
      // A browser may keep nothing; then the widths last as long as the page.
    }
  }

  /** Moves the border between a column and the next. @param {number[]} start Widths before. @param {number} i @param {number} by In per cent. */
  _move(start, i, by) {
    const step = Math.max((i ? LEAST : LEAST_FIRST) - start[i], Math.min(by, start[i + 1] - LEAST));
    this._show(start.map((width, at) => Number((at === i ? width + step : at === i + 1 ? width - step : width).toFixed(3))));
  }

  /** @param {PointerEvent} event @param {number} i */
  _drag(event, i) {
    if (event.button) return;
    const grip = /** @type {HTMLElement} */ (event.currentTarget);
    const table = grip.closest("table")?.offsetWidth ?? 1;
    const [start, from] = [this._now, event.clientX];
    event.preventDefault();
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("held");
    const move = (/** @type {PointerEvent} */ one) => this._move(start, i, (100 * (one.clientX - from)) / table);
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", () => {
      grip.classList.remove("held");
      grip.removeEventListener("pointermove", move);
      this._keep();
    }, { once: true });
  }

  /** @param {KeyboardEvent} event @param {number} i */
  _key(event, i) {
    const by = { ArrowLeft: -STEP, ArrowRight: STEP }[event.key];
    const to = { ArrowUp: i - 1, ArrowDown: i + 1 }[event.key];
    if (by === undefined && to === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (to !== undefined) this._grips[to]?.focus();
    else if (by === undefined) this.reset();
    else {
      this._move(this._now, i, by);
      this._keep();
    }
  }
}

/** @param {string} name @param {number} count How many there must be. @returns {number[]} */
function readWidths(name, count) {
  try {
    const kept = JSON.parse(localStorage.getItem(name) ?? "[]");
    return Array.isArray(kept) && kept.length === count && kept.every((one) => one > 0 && one < 100) ? kept : [];
  } catch {
    return [];
  }
}
