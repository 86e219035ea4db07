import { sexagesimal } from "../client/wcs.js";
import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { filterList, readFilters } from "./filter-parts.js";
import { exact, local } from "./format.js";
import { freeStamps, readStamp, voteWords } from "./stamps.js";
import { table } from "./styles.js";

const FOUND_WAITS_MS = 500;

/**
 * `<gw-candidates>`: what differences of images found, the most significant first. Votes
 * appear as they come. A saved filter or a condition narrows them; whoever may vote saves
 * a condition under a name, for all accounts.
 *
 * @attr {string} survey - Only of this survey.
 * @attr {string} difference - Only of this difference.
 * @attr {boolean} unscanned - Only those without a vote.
 * @attr {string} filter - Only those that fulfil this saved filter.
 * @attr {string} where - Only those that fulfil this condition, such as `snr > 8`.
 * @attr {number} limit - Candidates that come at once, by default 25.
 * @property {any[] | null} candidates - The candidates that are shown.
 * @fires gw-open - The candidate that was chosen.
 * @fires gw-filter - `{filter, where}`, after another filter or condition was chosen.
 * @fires gw-saved - The filter, after it was saved.
 * @slot empty - Shown in place of an empty list.
 * @csspart filter - The form to filter them.
 * @csspart table - The table.
 * @example
 * <gw-candidates limit="5"></gw-candidates>
 */
export class GwCandidates extends GwElement {
  static properties = {
    survey: {}, difference: {}, unscanned: { type: Boolean }, filter: {}, where: {}, limit: { type: Number },
    candidates: { attribute: false }, next: { state: true }, rescoring: { state: true }, pictures: { state: true }, filters: { state: true },
  };

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    img, span.none { background: #000; block-size: 48px; border-radius: 3px; display: block; image-rendering: pixelated; inline-size: 48px; object-fit: contain; }
    time { white-space: nowrap; }
    form { align-items: end; display: flex; flex-wrap: wrap; gap: 8px; }
    label.where { flex: 1 1 240px; }
    input { font-family: var(--gw-mono); inline-size: 100%; }
  `];

  constructor() {
    super();
    this.survey = "";
    this.difference = "";
    this.unscanned = false;
    this.filter = "";
    this.where = "";
    this.limit = 25;
    /** @type {any[] | null} */
    this.candidates = null;
    /** @type {string | null} */
    this.next = null;
    /** @type {any[]} */
    this.rescoring = [];
    /** @type {Map<string, string>} */
    this.pictures = new Map();
    /** Saved filters to choose from. @type {any[]} */
    this.filters = [];
    this._latest = {};
    this._wait = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.gateway.live.listen({
      hear: (/** @type {any} */ event) => this._hear(event),
      tell: (/** @type {string} */ state) => state === "again" && this.candidates && this.reload(),
    }, this.signal);
    this.gateway.auth.session().then((session) => (this.who = session), () => {});
    this._readFilters();
  }

  async _readFilters() {
    this.filters = await readFilters(this.gateway, this.signal);
  }

  /** @param {import("../client/events.js").ServerEvent} event */
  async _hear({ kind, data }) {
    if (kind === "candidates.found" || kind === "candidates.rescored") {
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
    // The candidates that an earlier filter found may not fulfil this one.
    if (changed.has("filter") || changed.has("where")) this.candidates = null;
    if (["survey", "difference", "unscanned", "filter", "where", "limit"].some((name) => changed.has(name))) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearTimeout(this._wait);
    freeStamps(this.pictures.values());
    this.pictures = new Map();
  }

  async reload() {
    const latest = (this._latest = {});
    const page = await this.load(() => this._page(null, latest));
    if (page && latest === this._latest) this._take([], page);
  }

  /** Shows the next page below what is shown. */
  async more() {
    const latest = this._latest;
    const page = await this.attempt(() => this._page(this.next, latest));
    if (page && latest === this._latest) this._take(this.candidates ?? [], page);
  }

  /** The next page that has candidates: with a filter, pages may be empty before the last. @param {string | null} cursor @param {object} latest @returns {Promise<any>} */
  async _page(cursor, latest) {
    const { survey, difference, unscanned, filter, where, limit } = this;
    const query = { survey: survey || null, difference: difference || null, unscanned: unscanned || null, filter: filter || null, where: where || null, limit };
    let page = await this.gateway.candidates.page({ ...query, cursor }, this.signal);
    while (!page.candidates.length && page.next && latest === this._latest) {
      page = await this.gateway.candidates.page({ ...query, cursor: page.next }, this.signal);
    }
    return page;
  }

  /** @param {{filter?: string, where?: string}} chosen */
  _choose({ filter = this.filter, where = this.where }) {
    if (filter === this.filter && where === this.where) return;
    [this.filter, this.where] = [filter, where];
    this.announce("filter", { filter, where });
  }

  /** @param {Event} event */
  async _submit(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    const [where, name] = ["where", "name"].map((one) => String(form.get(one) ?? "").trim());
    const saves = /** @type {SubmitEvent} */ (event).submitter?.getAttribute("value") === "save";
    if (saves && where && name) {
      const saved = await this.attempt(() => this.gateway.candidates.saveFilter(name, { where, access: "users" }));
      if (!saved) return;
      await this._readFilters();
      this._choose({ filter: saved.name, where: "" });
      this.announce("saved", saved);
    } else {
      this._choose({ where });
    }
  }

  /** @param {any[]} before @param {{candidates: any[], next: string | null, rescoring?: any[]}} page */
  _take(before, page) {
    [this.candidates, this.next, this.rescoring] = [[...before, ...page.candidates], page.next, page.rescoring ?? []];
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
    if (candidates === null) return html`${this._filterForm()}${this.renderError()}${this.error ? nothing : this.renderLoading(6)}`;
    return html`${this._filterForm()}${this.renderError()}
      ${this.rescoring.map((one) => html`<p class="small muted" role="status">Version ${one.version} of the classifier of ${one.survey} is scoring the stored candidates: ${one.done} of ${one.total || "?"} have its score.</p>`)}
      <div class="panel">${candidates.length ? html`<table part="table">
        <thead><tr><th><span class="hidden">Difference</span></th><th>Place</th><th class="number">Sigma</th><th>Time</th><th>Kept aside</th><th>Votes</th></tr></thead>
        <tbody @keydown=${walkRows}>${repeat(candidates, (one) => one.id, (one) => this._row(one))}</tbody></table>`
        : this.filter || this.where ? this.renderEmpty("No candidate fulfils this", "Choose another filter, or a condition that is less narrow.")
        : this.renderEmpty("No candidates", "They come with the differences that people make of images.")}</div>
      ${this.next ? html`<div><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  _filterForm() {
    const may = this.may("sky:vote") && this.who?.user;
    return html`<form part="filter" @submit=${this._submit}>
      ${filterList(this.filters, this.filter, (filter) => this._choose({ filter }))}
      <label class="field where">Condition <input name="where" maxlength="2000" autocomplete="off" spellcheck="false" placeholder="snr &gt; 8 and votes.bogus == 0" .value=${this.where}></label>
      <button>Show</button>
      ${may && this.where ? html`<label class="field">Save it as <input name="name" maxlength="64" pattern="[A-Za-z0-9][A-Za-z0-9_.\\-]*"></label><button value="save">Save</button>` : nothing}
    </form>`;
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
