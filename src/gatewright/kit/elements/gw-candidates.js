import { sexagesimal } from "../client/wcs.js";
import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { exact, local } from "./format.js";
import { freeStamps, readStamp, voteWords } from "./stamps.js";
import { table } from "./styles.js";

const FOUND_WAITS_MS = 500;

/**
 * `<gw-candidates>`: what differences of images found, the most significant first. Votes
 * appear as they come.
 *
 * @attr {string} survey - Only of this survey.
 * @attr {string} difference - Only of this difference.
 * @attr {boolean} unscanned - Only those that nobody has voted on.
 * @attr {number} limit - Candidates that come at once, by default 25.
 * @property {any[] | null} candidates - The candidates that are shown.
 * @fires gw-open - The candidate that was chosen.
 * @slot empty - Where there is none.
 * @csspart table - The table.
 * @example
 * <gw-candidates limit="5"></gw-candidates>
 */
export class GwCandidates extends GwElement {
  static properties = {
    survey: {}, difference: {}, unscanned: { type: Boolean }, limit: { type: Number },
    candidates: { attribute: false }, next: { state: true }, pictures: { state: true },
  };

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    img, span.none { background: #000; block-size: 48px; border-radius: 3px; display: block; image-rendering: pixelated; inline-size: 48px; object-fit: contain; }
    time { white-space: nowrap; }
  `];

  constructor() {
    super();
    this.survey = "";
    this.difference = "";
    this.unscanned = false;
    this.limit = 25;
    /** @type {any[] | null} */
    this.candidates = null;
    /** @type {string | null} */
    this.next = null;
    /** @type {Map<string, string>} */
    this.pictures = new Map();
    this._latest = {};
    this._wait = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.gateway.live.listen({
      hear: (/** @type {any} */ event) => this._hear(event),
      tell: (/** @type {string} */ state) => state === "again" && this.candidates && this.reload(),
    }, this.signal);
  }

  /** @param {import("../client/events.js").ServerEvent} event */
  async _hear({ kind, data }) {
    if (kind === "candidates.found") {
      window.clearTimeout(this._wait);
      this._wait = window.setTimeout(() => this.reload(), FOUND_WAITS_MS);
    }
    const id = String(data?.subject ?? "").replace(/^candidates\//, "");
    if (kind !== "candidate.voted" || !this.candidates?.some((one) => one.id === id)) return;
    const now = await this.attempt(() => this.gateway.candidates.get(id, this.signal));
    if (now) this.candidates = this.candidates.map((one) => (one.id === id ? now : one));
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["survey", "difference", "unscanned", "limit"].some((name) => changed.has(name))) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearTimeout(this._wait);
    freeStamps(this.pictures.values());
    this.pictures = new Map();
  }

  async reload() {
    const latest = (this._latest = {});
    const page = await this.load(() => this._page(null));
    if (page && latest === this._latest) this._take([], page);
  }

  /** Shows the next page below what is shown. */
  async more() {
    const latest = this._latest;
    const page = await this.attempt(() => this._page(this.next));
    if (page && latest === this._latest) this._take(this.candidates ?? [], page);
  }

  /** @param {string | null} cursor @returns {Promise<any>} */
  _page(cursor) {
    const { survey, difference, unscanned, limit } = this;
    const query = { survey: survey || null, difference: difference || null, unscanned: unscanned || null, limit, cursor };
    return this.gateway.candidates.page(query, this.signal);
  }

  /** @param {any[]} before @param {{candidates: any[], next: string | null}} page */
  _take(before, page) {
    [this.candidates, this.next] = [[...before, ...page.candidates], page.next];
    for (const { id } of page.candidates) if (!this.pictures.has(id)) this._picture(id);
  }

  /** @param {string} id */
  async _picture(id) {
    const url = await readStamp(this.gateway, id, "difference", this.signal);
    if (this.signal.aborted) freeStamps([url]);
    else this.pictures = new Map(this.pictures).set(id, url);
  }

  render() {
    const { candidates } = this;
    if (candidates === null) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(6)}`;
    return html`${this.renderError()}
      <div class="panel">${candidates.length ? html`<table part="table">
        <thead><tr><th><span class="hidden">Difference</span></th><th>Place</th><th class="number">Sigma</th><th>Time</th><th>Kept aside</th><th>Votes</th></tr></thead>
        <tbody @keydown=${walkRows}>${repeat(candidates, (one) => one.id, (one) => this._row(one))}</tbody></table>`
        : this.renderEmpty("No candidates", "They come with the differences that people make of images.")}</div>
      ${this.next ? html`<div><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  /** @param {any} one */
  _row(one) {
    const picture = this.pictures.get(one.id);
    return html`<tr class="row">
      <td>${picture ? html`<img src=${picture} alt="">` : html`<span class="none"></span>`}</td>
      <td class="wide"><button class="link" data-row @click=${() => this.announce("open", one)}>${sexagesimal(one.ra, one.dec)}</button></td>
      <td class="number" data-label="Sigma">${one.snr.toFixed(1)}</td>
      <td data-label="Time">${one.time ? html`<time title=${exact(one.time)}>${local(one.time)}</time>${one.time_assumed ? html` <span class="muted">assumed</span>` : nothing}` : nothing}</td>
      <td data-label="Kept aside">${one.reason ?? ""}</td>
      <td data-label="Votes">${voteWords(one.votes)}${one.mine ? html` <span class="muted">(mine: ${one.mine})</span>` : nothing}</td>
    </tr>`;
  }
}
