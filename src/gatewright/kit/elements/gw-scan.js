import { sexagesimal } from "../client/wcs.js";
import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { local } from "./format.js";
import { SEEN, freeStamps, readStamp, voteWords } from "./stamps.js";

/** @typedef {import("../client/candidates.js").Choice} Choice */

const AHEAD = 3;
const PAGE = 20;
/** @type {[string, Choice, string][]} */
const CHOICES = [["r", "real", "Real"], ["b", "bogus", "Bogus"], ["u", "unsure", "Unsure"]];

/**
 * `<gw-scan>`: candidates one after the other, to vote on by keys or buttons: those that
 * nobody has voted on, the most significant first. Needs the scope `sky:vote`.
 *
 * @attr {string} survey - Only of this survey.
 * @attr {string} difference - Only of this difference.
 * @attr {string} candidate - Id of the candidate to begin with, whoever voted on it.
 * @property {any} shown - The candidate that is shown; null where there is none left.
 * @fires gw-vote - `{id, vote}`, before a vote is sent (cancelable).
 * @fires gw-voted - The candidate, after the vote.
 * @fires gw-undone - The candidate, after one's vote was undone.
 * @slot empty - Where nothing is left.
 * @csspart stamps - The pictures.
 * @csspart votes - The buttons.
 * @example
 * <gw-scan></gw-scan>
 */
export class GwScan extends GwElement {
  static properties = {
    survey: {}, difference: {}, candidate: {}, shown: { attribute: false },
    pictures: { state: true }, done: { state: true }, asked: { state: true },
  };

  static scope = "sky:vote";

  static styles = [GwElement.styles, css`
    .scan { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); padding: 16px; }
    .stamps { display: grid; gap: 12px; grid-template-columns: repeat(3, minmax(0, 1fr)); }
    figure { display: grid; gap: 4px; margin: 0; }
    figure img, figure span.none { aspect-ratio: 1; background: #000; border-radius: var(--gw-corner); image-rendering: pixelated; inline-size: 100%; object-fit: contain; }
    kbd { border: 1px solid currentColor; border-radius: 3px; font-family: var(--gw-mono); font-size: var(--gw-small); padding: 0 4px; }
    dl { display: flex; flex-wrap: wrap; gap: 4px 24px; margin: 0; }
    dl div { display: flex; gap: 6px; }
    dt { color: var(--gw-muted); }
    dd { font-variant-numeric: tabular-nums; margin: 0; }
    .votes button { min-block-size: 44px; min-inline-size: 96px; }
  `];

  constructor() {
    super();
    this.survey = "";
    this.difference = "";
    this.candidate = "";
    /** @type {any} */
    this.shown = null;
    /** @type {Record<string, string>} */
    this.pictures = {};
    /** Those that were voted on here, the last one last. @type {any[]} */
    this.done = [];
    this.asked = false;
    /** @type {any[]} */
    this._ahead = [];
    /** @type {string | null} */
    this._next = null;
    /** @type {Map<string, Promise<Record<string, string>>>} */
    this._read = new Map();
    /** Votes go out one after the other, in their order. */
    this._sending = Promise.resolve();
    this._latest = {};
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["survey", "difference", "candidate"].some((name) => changed.has(name))) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this._forget();
  }

  async reload() {
    const latest = (this._latest = {});
    const first = await this.load(async () => {
      const page = await this._page(null);
      const one = this.candidate ? await this.gateway.candidates.get(this.candidate, this.signal) : null;
      return { page, one };
    });
    if (!first || latest !== this._latest) return;
    this._forget();
    this.done = [];
    this._next = first.page.next;
    const others = first.page.candidates.filter((/** @type {any} */ c) => c.id !== first.one?.id);
    this._ahead = first.one ? [first.one, ...others] : others;
    this.asked = true;
    this._advance();
    await this.updateComplete;
    // Keys work at once, unless the person is somewhere else on the page.
    const place = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".scan"));
    if (document.activeElement === document.body) place?.focus({ preventScroll: true });
  }

  /** Votes on the candidate that is shown, and shows the next one at once. @param {Choice} vote */
  vote(vote) {
    const one = this.shown;
    if (!one) return;
    if (!this.announce("vote", { id: one.id, vote }, true)) return;
    this.done = [...this.done, one];
    this._advance();
    this._sending = this._sending.then(async () => {
      const answer = await this.attempt(() => this.gateway.candidates.vote(one.id, vote));
      if (answer) this.announce("voted", answer);
      else this._back(one);
    });
  }

  /** Undoes the last vote that was given here, and shows its candidate again. */
  undo() {
    const one = this.done.at(-1);
    if (!one) return;
    this._back(one);
    this._sending = this._sending.then(async () => {
      const undone = await this.attempt(async () => (await this.gateway.candidates.takeBack(one.id), true));
      if (undone) this.announce("undone", one);
    });
  }

  /** @param {string | null} cursor @returns {Promise<any>} */
  _page(cursor) {
    const { survey, difference } = this;
    const query = { survey: survey || null, difference: difference || null, unscanned: true, limit: PAGE, cursor };
    return this.gateway.candidates.page(query, this.signal);
  }

  /** Shows a candidate again that was voted on. @param {any} one */
  _back(one) {
    this.done = this.done.filter((other) => other.id !== one.id);
    if (this.shown) this._ahead.unshift(this.shown);
    this._show(one);
  }

  /** Shows the next candidate, and reads those behind it. */
  async _advance() {
    this._show(this._ahead.shift() ?? null);
    if (this._ahead.length > AHEAD || this._next === null) return;
    const cursor = this._next;
    this._next = null;
    const page = await this.attempt(() => this._page(cursor));
    if (!page) return;
    this._next = page.next;
    const known = new Set([this.shown, ...this._ahead, ...this.done].map((one) => one?.id));
    this._ahead.push(...page.candidates.filter((/** @type {any} */ one) => !known.has(one.id)));
    if (!this.shown) this._show(this._ahead.shift() ?? null);
  }

  /** @param {any} one */
  async _show(one) {
    this.shown = one;
    this.pictures = {};
    const near = [one, ...this._ahead.slice(0, AHEAD)].filter(Boolean);
    const wanted = new Set(near.map(({ id }) => id));
    for (const [id, read] of this._read) {
      if (wanted.has(id)) continue;
      this._read.delete(id);
      read.then((pictures) => freeStamps(Object.values(pictures)));
    }
    for (const { id } of near) if (!this._read.has(id)) this._read.set(id, this._stamps(id));
    const pictures = one ? await this._read.get(one.id) : null;
    if (pictures && this.shown === one) this.pictures = pictures;
  }

  /** @param {string} id @returns {Promise<Record<string, string>>} */
  async _stamps(id) {
    const urls = await Promise.all(SEEN.map((plane) => readStamp(this.gateway, id, plane, this.signal)));
    return Object.fromEntries(SEEN.map((plane, i) => [plane, urls[i]]));
  }

  _forget() {
    for (const read of this._read.values()) read.then((pictures) => freeStamps(Object.values(pictures)));
    this._read.clear();
  }

  /** @param {KeyboardEvent} event */
  _key(event) {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const choice = CHOICES.find(([letter]) => letter === key);
    if (!choice && key !== "z") return;
    event.preventDefault();
    if (choice) this.vote(choice[1]);
    else this.undo();
  }

  render() {
    if (this.denied) return this.renderDenied();
    if (!this.asked) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(6)}`;
    return html`${this.renderError()}
      <div class="scan panel" tabindex="0" role="group" aria-label="Candidate to vote on: R for real, B for bogus, U for unsure, Z to undo" @keydown=${this._key}>
        ${this.shown ? this._one(this.shown) : this.renderEmpty("Nothing left to scan", "Every candidate here has a vote. New ones come with the next difference of images.")}
        <div class="bar votes" part="votes">
          ${CHOICES.map(([letter, vote, word]) => html`<button ?disabled=${!this.shown} @click=${() => this.vote(vote)}>${word} <kbd aria-hidden="true">${letter}</kbd></button>`)}
          <button class="quiet" ?disabled=${!this.done.length} @click=${this.undo}>Undo <kbd aria-hidden="true">z</kbd></button>
          <span class="muted small" role="status">${this.done.length ? `${this.done.length} voted on` : ""}</span>
        </div>
      </div>`;
  }

  /** @param {any} one */
  _one(one) {
    return html`<div class="stamps" part="stamps">${SEEN.map((plane) => html`<figure>
        ${this.pictures[plane] ? html`<img src=${this.pictures[plane]} alt="${plane} round the candidate">` : html`<span class="none"></span>`}
        <figcaption class="small muted">${plane}</figcaption></figure>`)}</div>
      <dl>
        <div><dt>Place</dt><dd>${sexagesimal(one.ra, one.dec)}</dd></div>
        <div><dt>Significance</dt><dd>${one.snr.toFixed(1)} sigma</dd></div>
        ${one.time ? html`<div><dt>Time</dt><dd>${local(one.time)}${one.time_assumed ? " (assumed)" : ""}</dd></div>` : nothing}
        ${one.reason ? html`<div><dt>Kept aside</dt><dd>${one.reason}</dd></div>` : nothing}
        <div><dt>Votes</dt><dd>${voteWords(one.votes)}</dd></div>
      </dl>`;
  }
}
