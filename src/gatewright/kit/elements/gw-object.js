import { sexagesimal } from "../client/wcs.js";
import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count, exact, local } from "./format.js";
import { timeWords } from "./scan-parts.js";
import { RADIUS, freeStamps, readFilm, voteWords } from "./stamps.js";

const MOST_EPOCHS = 60;
/** Pixels on a side of an epoch's stamp, as the image has them. */
const PIXELS = 41;

/**
 * `<gw-object>`: what was found at one place of the sky, with its light curve and the
 * stamps of all epochs, all on one scale. Candidates are split off and merged again by
 * those who may vote; each such change can be undone.
 *
 * @attr {string} object - Id of the object.
 * @attr {string} survey - Only epochs of this survey.
 * @property {any} found - The object with its candidates; null before it is read.
 * @fires gw-open - The candidate that was chosen.
 * @fires gw-changed - The change, after candidates were split off or merged, or that undone.
 * @slot empty - Shown while no object is named.
 * @csspart epochs - The stamps of all epochs.
 * @csspart film - All epochs as one animated picture.
 * @csspart missing - Which epochs the animated picture does not show, and why.
 * @csspart table - The candidates.
 * @example
 * <gw-object></gw-object>
 */
export class GwObject extends GwElement {
  static properties = {
    object: {}, survey: {}, found: { attribute: false },
    changes: { state: true }, epochs: { state: true }, pictures: { state: true }, film: { state: true }, missing: { state: true }, chosen: { state: true },
  };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    section { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    .epochs { display: grid; gap: 8px; grid-template-columns: repeat(auto-fill, minmax(120px, 1fr)); list-style: none; margin: 0; padding: 0; }
    .film { background: #000; border-radius: var(--gw-corner); image-rendering: pixelated; inline-size: min(100%, 320px); }
    .epochs li { display: grid; gap: 2px; }
    .epochs img, .epochs span.none { aspect-ratio: 1; background: #000; border-radius: var(--gw-corner); display: block; image-rendering: pixelated; inline-size: 100%; object-fit: contain; }
    ul.candidates, ul.changes { display: grid; gap: 4px; list-style: none; margin: 0; padding: 0; }
    ul.candidates li { align-items: center; display: flex; flex-wrap: wrap; gap: 4px 16px; min-block-size: 32px; }
    form { align-items: end; display: flex; flex-wrap: wrap; gap: 8px; }
  `];

  constructor() {
    super();
    this.object = "";
    this.survey = "";
    /** @type {any} */
    this.found = null;
    /** @type {any[]} */
    this.changes = [];
    /** @type {any[]} */
    this.epochs = [];
    /** @type {Map<string, {url: string, missing: string}>} */
    this.pictures = new Map();
    /** The animated picture of all epochs; empty while it is not shown. */
    this.film = "";
    this.missing = "";
    /** Ids of the candidates that are ticked. @type {Set<string>} */
    this.chosen = new Set();
    this._latest = {};
  }

  connectedCallback() {
    super.connectedCallback();
    this.gateway.live.listen({ hear: (/** @type {any} */ event) => this._hear(event) }, this.signal);
    this.gateway.auth.session().then((session) => (this.who = session), () => {});
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._free();
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("object") || changed.has("survey")) this.reload();
  }

  _free() {
    freeStamps([...[...this.pictures.values()].map(({ url }) => url), this.film]);
    this.pictures = new Map();
    this.film = "";
    this.missing = "";
  }

  async reload() {
    const latest = (this._latest = {});
    this.chosen = new Set();
    if (!this.object) return;
    const found = await this.load(() => this.gateway.candidates.object(this.object, this.signal));
    if (!found || latest !== this._latest) return;
    this._free();
    this.found = found;
    const [changes, images] = await Promise.all([
      this.gateway.candidates.changes(this.object, this.signal).catch(() => ({ changes: [] })),
      this.attempt(() => this.gateway.sky.images({ pos: `CIRCLE ${found.ra} ${found.dec} 0`, survey: this.survey || null, limit: MOST_EPOCHS }, this.signal)),
    ]);
    if (latest !== this._latest) return;
    this.changes = changes.changes;
    this.epochs = images?.images ?? [];
    for (const image of this.epochs) this._picture(image, latest);
  }

  /** @param {any} image @param {object} latest */
  async _picture(image, latest) {
    const { ra, dec } = this.found;
    const url = this.gateway.sky.cutoutUrl(image.id, ra, dec, RADIUS, "png", { pixels: PIXELS });
    const picture = await readFilm(this.gateway, url, this.signal).catch((error) => ({ url: "", missing: error.message }));
    if (this.signal.aborted || latest !== this._latest) freeStamps([picture.url]);
    else this.pictures = new Map(this.pictures).set(image.id, picture);
  }

  /** Begins or ends to blink through all epochs. */
  async blink() {
    const latest = this._latest;
    if (this.film) {
      freeStamps([this.film]);
      [this.film, this.missing] = ["", ""];
      return;
    }
    const { ra, dec } = this.found;
    const film = await this.attempt(() => readFilm(this.gateway, this.gateway.sky.epochsUrl(ra, dec, 0, { survey: this.survey || null, pixels: 2 * PIXELS + 1 }), this.signal));
    if (!film) return;
    if (this.signal.aborted || latest !== this._latest) freeStamps([film.url]);
    else [this.film, this.missing] = [film.url, film.missing];
  }

  /** @param {import("../client/events.js").ServerEvent} event */
  _hear({ kind, data }) {
    const id = String(data?.subject ?? "").split("/")[1];
    const { source, target } = data?.data ?? {};
    const mine = this.found?.candidates.some((/** @type {any} */ one) => one.id === id);
    if (kind === "object.changed" ? [source, target].includes(this.object) : kind === "candidate.voted" && mine) this._look();
  }

  /** Reads the object anew, and leaves the pictures. */
  async _look() {
    const latest = this._latest;
    const found = await this.attempt(() => this.gateway.candidates.object(this.object, this.signal));
    const told = await this.attempt(() => this.gateway.candidates.changes(this.object, this.signal));
    if (latest !== this._latest) return;
    if (found) this.found = found;
    if (told) this.changes = told.changes;
  }

  /** Makes a new object of the candidates that are ticked. */
  async split() {
    const made = await this.attempt(() => this.gateway.candidates.change(this.object, { split: [...this.chosen] }));
    if (made) this._changed(made);
  }

  /** @param {Event} event */
  async _merge(event) {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (this.renderRoot.querySelector("input[name=other]"));
    const made = await this.attempt(() => this.gateway.candidates.change(this.object, { merge: field.value.trim() }));
    if (!made) return;
    field.value = "";
    this._changed(made);
  }

  /** @param {any} change */
  async _undo(change) {
    const undone = await this.attempt(async () => (await this.gateway.candidates.undoChange(this.object, change.id), true));
    if (undone) this._changed(change);
  }

  /** @param {any} change */
  _changed(change) {
    this.chosen = new Set();
    this.announce("changed", change);
    this._look();
  }

  /** @param {string} id @param {boolean} on */
  _choose(id, on) {
    const chosen = new Set(this.chosen);
    if (on) chosen.add(id);
    else chosen.delete(id);
    this.chosen = chosen;
  }

  render() {
    const { found } = this;
    if (!this.object) return html`<slot name="empty"><p class="muted" part="empty">Choose an object, to see all that was found at its place.</p></slot>`;
    if (!found) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(8)}`;
    return html`${this.renderError()}
      <section><h2>${sexagesimal(found.ra, found.dec)}</h2>
        <p class="small muted"><span class="mono">${found.id}</span>; ICRS ${found.ra.toFixed(6)} ${found.dec.toFixed(6)} degrees; ${count(found.candidates.length, "candidate")}${found.next ? " and more" : ""}</p></section>
      <section><h3>Light curve</h3>
        ${this.who?.user ? html`<gw-light-curve .gateway=${this.gateway} object=${found.id} survey=${this.survey}></gw-light-curve>` : html`<p class="muted">Sign in to have it measured.</p>`}</section>
      <section><h3>All epochs</h3>${this._epochs()}</section>
      <section><h3>Classes and tags</h3><gw-labels .gateway=${this.gateway} object=${found.id}></gw-labels></section>
      <section><h3>Candidates</h3>${this._candidates(found.candidates)}</section>
      ${this.changes.length ? html`<section><h3>Merged and split</h3><ul class="changes small">${this.changes.map((change) => this._change(change))}</ul></section>` : nothing}`;
  }

  _epochs() {
    if (!this.epochs.length) return html`<p class="muted">No image has this place.</p>`;
    return html`<ul class="epochs" part="epochs">${repeat(this.epochs, (image) => image.id, (image) => {
      const picture = this.pictures.get(image.id);
      return html`<li>${picture?.url ? html`<img src=${picture.url} alt="${image.band ?? ""} ${local(image.started_at)}">` : html`<span class="none"></span>`}
        <span class="small">${image.started_at ? html`<time title=${exact(image.started_at)}>${local(image.started_at)}</time>` : "no time"} ${image.band ?? ""}${image.time_assumed ? html` <span class="muted">assumed</span>` : nothing}${picture?.missing ? html` <span class="muted">Not shown: ${picture.missing}</span>` : nothing}</span></li>`;
    })}</ul><p class="small muted">Each ${PIXELS} pixels of its image on a side, north up, east left, the object in the middle.</p>
      <p><button aria-pressed=${this.film ? "true" : "false"} @click=${() => this.blink()}>Blink through all</button></p>
      ${this.film ? html`<img class="film" part="film" src=${this.film} alt="All epochs one after the other, with their dates">` : nothing}
      ${this.film && this.missing ? html`<p class="small" part="missing">${this.missing}</p>` : nothing}`;
  }

  /** @param {any[]} candidates */
  _candidates(candidates) {
    const may = this.may("sky:vote") && this.who?.user;
    const some = this.chosen.size > 0 && this.chosen.size < candidates.length;
    return html`<ul class="candidates" part="table">${candidates.map((one) => html`<li>
        ${may && candidates.length > 1 ? html`<label class="check"><input type="checkbox" .checked=${this.chosen.has(one.id)} @change=${(/** @type {any} */ e) => this._choose(one.id, e.target.checked)}><span class="hidden">Choose ${one.id}</span></label>` : nothing}
        <button class="link" @click=${() => this.announce("open", one)}>${timeWords(one)}</button>
        <span class="number">${one.snr.toFixed(1)} sigma</span>
        ${one.reason ? html`<span>kept aside: ${one.reason}</span>` : nothing}
        <span class="muted">votes: ${voteWords(one.votes)}</span></li>`)}</ul>
      ${may ? html`<form @submit=${this._merge}>
        ${candidates.length > 1 ? html`<button type="button" ?disabled=${!some} @click=${this.split}>Split off those ticked</button>` : nothing}
        <label class="field">Merge another object into this one <input name="other" required pattern="o-.+" placeholder="o-…"></label><button>Merge</button></form>` : nothing}`;
  }

  /** @param {any} change */
  _change(change) {
    const what = change.kind === "merge" ? html`merged ${count(change.candidates.length, "candidate")} of <span class="mono">${change.source}</span> into <span class="mono">${change.target}</span>` : html`split ${count(change.candidates.length, "candidate")} off to <span class="mono">${change.target}</span>`;
    return html`<li><time title=${exact(change.at)}>${local(change.at)}</time>: ${change.person} ${what}${change.undone_by
      ? html`; undone by ${change.undone_by}`
      : this.may("sky:vote") && this.who?.user ? html` <button class="link small" @click=${() => this._undo(change)}>Undo</button>` : nothing}</li>`;
  }
}
