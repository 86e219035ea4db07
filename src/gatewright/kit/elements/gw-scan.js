import { html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { filterList, readFilters } from "./filter-parts.js";
import { count } from "./format.js";
import { anyCandidate, commentList, facts, features, history, noneShown, review, stamps } from "./scan-parts.js";
import { scanStyle } from "./scan-style.js";
import { RADIUS, SEEN, Stamps, readStamp } from "./stamps.js";

/** @typedef {import("../client/candidates.js").Choice} Choice */

/** How many candidates a person claims: the one shown, and those whose stamps are loaded ahead. */
const HELD = 3;
const MOST_PAST = 200;
const CURVE_WAITS_MS = 500;
/** @type {[string, Choice, string][]} */
const CHOICES = [["r", "real", "Real"], ["b", "bogus", "Bogus"], ["u", "unsure", "Unsure"]];

/**
 * `<gw-scan>`: candidates one after the other, to vote on by keys or touch: those without
 * a vote that nobody else is looking at, the most significant first. Votes and comments of
 * others, and new scores, appear as they come. A saved filter narrows them. Needs the scope `sky:vote`. Keys: R real, B
 * bogus, U unsure, Z undo, S skip, C comment, T tag, 1 to 9 a class (and again to withdraw
 * it), held X blinks science and reference.
 *
 * @attr {string} survey - Only of this survey.
 * @attr {string} difference - Only of this difference.
 * @attr {string} filter - Only those that fulfil this saved filter.
 * @attr {string} where - Only those that fulfil this condition, such as `snr > 8`.
 * @attr {string} candidate - Id of the candidate to begin with, even if it has votes.
 * @property {any} shown - The candidate that is shown; null when none is left.
 * @fires gw-vote - `{id, vote}`, before a vote is sent (cancelable).
 * @fires gw-voted - The candidate, after the vote.
 * @fires gw-filter - `{filter, where}`, after another filter was chosen.
 * @fires gw-undone - The candidate, after the vote on it was undone.
 * @slot empty - Shown when no candidate is left.
 * @csspart filter - The choice of a filter.
 * @csspart stamps - The pictures.
 * @csspart votes - The buttons.
 * @example
 * <gw-scan></gw-scan>
 */
export class GwScan extends GwElement {
  static properties = {
    survey: {}, difference: {}, filter: {}, where: {}, candidate: {}, filters: { state: true }, shown: { attribute: false },
    pictures: { state: true }, done: { state: true }, any: { state: true }, asked: { state: true }, blinking: { state: true }, said: { state: true }, curveOf: { state: true },
  };

  static scope = "sky:vote";

  static styles = [GwElement.styles, scanStyle];

  constructor() {
    super();
    this.survey = "";
    this.difference = "";
    this.filter = "";
    this.where = "";
    this.candidate = "";
    /** Saved filters to choose from. @type {any[]} */
    this.filters = [];
    /** @type {any} */
    this.shown = null;
    /** @type {Record<string, string>} */
    this.pictures = {};
    /** Those that were voted on here, the last one last. @type {any[]} */
    this.done = [];
    /** Whether there are candidates at all, seen or not; null before that was asked. @type {boolean | null} */
    this.any = null;
    this.asked = false;
    this.blinking = false;
    /** What somebody else did last. */
    this.said = "";
    /** The candidate whose light curve is shown. */
    this.curveOf = "";
    /** @type {any[]} */
    this._ahead = [];
    /** Those that were skipped, or whose vote is on its way: they are not handed out again. @type {Set<string>} */
    this._past = new Set();
    this._stamps = new Stamps((id) => this._readStamps(id));
    /** Votes go out one after the other, in their order. */
    this._sending = Promise.resolve();
    this._latest = {};
    this._wait = 0;
    this._onKey = (/** @type {KeyboardEvent} */ event) => this._key(event);
  }

  connectedCallback() {
    super.connectedCallback();
    window.addEventListener("keydown", this._onKey, { signal: this.signal });
    window.addEventListener("keyup", (event) => event.key.toLowerCase() === "x" && (this.blinking = false), { signal: this.signal });
    this.gateway.live.listen({
      hear: (/** @type {any} */ event) => this._hear(event),
      // What was found or scored while there was no stream is not told again.
      tell: (/** @type {string} */ state) => state === "again" && this._send(() => this._fill(true)),
    }, this.signal);
    readFilters(this.gateway, this.signal).then((filters) => (this.filters = filters));
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["survey", "difference", "filter", "where", "candidate"].some((name) => changed.has(name))) this.reload();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearTimeout(this._wait);
    this._stamps.keep([]);
    if (this.asked) this.gateway.candidates.release().catch(() => {});
  }

  async reload() {
    const latest = (this._latest = {});
    const loading = this.load(async () => {
      const one = this.candidate ? await review(this.gateway.candidates, this.candidate, this.signal) : null;
      return { one, claimed: await this._claim() };
    });
    this._send(() => loading);
    const first = await loading;
    if (!first || latest !== this._latest) return;
    this._stamps.keep([]);
    this.done = [];
    this.any = null;
    this._past = new Set();
    const others = first.claimed.filter((c) => c.id !== first.one?.id);
    this._ahead = first.one ? [first.one, ...others] : others;
    this.asked = true;
    this._next();
    await this.updateComplete;
    // Whoever chose a candidate in a list goes on by keys.
    if (this.candidate) /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".scan"))?.focus();
  }

  /** Votes on the candidate that is shown, and shows the next one at once. @param {Choice} vote */
  vote(vote) {
    const one = this.shown;
    if (!one) return;
    if (!this.announce("vote", { id: one.id, vote }, true)) return;
    this.done = [...this.done, one];
    this._past.add(one.id);
    this._next();
    this._send(async () => {
      const answer = await this.attempt(() => this.gateway.candidates.vote(one.id, vote));
      this._past.delete(one.id);
      if (answer) this.announce("voted", answer);
      else this._back(one);
      await this._fill();
    });
  }

  /** Undoes the last vote that was given here, and shows its candidate again. */
  undo() {
    const one = this.done.at(-1);
    if (!one) return;
    this._back(one);
    this._send(async () => {
      const undone = await this.attempt(async () => (await this.gateway.candidates.takeBack(one.id), true));
      if (!undone) return;
      this.announce("undone", one);
      await this._readScore();
    });
  }

  /** Shows the next candidate, and leaves this one without a vote. */
  skip() {
    if (!this.shown) return;
    this._past.add(this.shown.id);
    this._next();
    this._send(() => this._fill());
  }

  /** @param {() => Promise<any>} work */
  _send(work) {
    this._sending = this._sending.then(work);
  }

  /** Claims the next candidates, by several requests if a filter accepts none that the first one examines. @returns {Promise<any[]>} */
  async _claim() {
    const { survey, difference, filter, where } = this;
    const without = [...this._past].slice(-MOST_PAST);
    const query = { survey: survey ? [survey] : [], difference: difference || null, filter: filter || null, where: where || null, limit: HELD, without };
    let found = await this.gateway.candidates.claim(query);
    while (!found.candidates.length && found.next && !this.signal.aborted) {
      found = await this.gateway.candidates.claim({ ...query, cursor: found.next });
    }
    return found.candidates;
  }

  /** @param {string} filter */
  _choose(filter) {
    this.filter = filter;
    this.announce("filter", { filter, where: this.where });
  }

  /** Takes more candidates where few are left; with new scores, all but the one that is shown. @param {boolean} [rescored] */
  async _fill(rescored = false) {
    if (this.denied || !this.asked || (!rescored && this._ahead.length >= HELD - 1)) return;
    const latest = this._latest;
    const claimed = await this.attempt(() => this._claim());
    if (!claimed || latest !== this._latest) return;
    if (rescored) this._ahead = [];
    const held = new Set([...this._past, this.shown?.id, ...this._ahead.map(({ id }) => id)]);
    this._ahead.push(...claimed.filter((one) => !held.has(one.id)));
    if (this.shown) this._keep();
    else this._next();
    if (rescored) await this._readScore();
  }

  /** Reads the score of the candidate that is shown anew. */
  async _readScore() {
    const one = this.shown;
    const now = one && (await this.attempt(() => this.gateway.candidates.get(one.id, this.signal)));
    if (now && this.shown?.id === one.id) this.shown = { ...this.shown, score: now.score, classifier: now.classifier };
  }

  /** Shows a candidate again that was voted on. @param {any} one */
  _back(one) {
    this.done = this.done.filter((other) => other.id !== one.id);
    if (this.shown) this._ahead.unshift(this.shown);
    this._show(one);
  }

  _next() {
    this._show(this._ahead.shift() ?? null);
  }

  /** @param {any} one */
  async _show(one) {
    this.shown = one;
    this.pictures = {};
    this.blinking = false;
    this.said = "";
    this.curveOf = "";
    window.clearTimeout(this._wait);
    this._keep();
    if (!one) {
      this._askAny();
      return;
    }
    // Who votes in a second does not wait for a light curve, nor has one measured.
    this._wait = window.setTimeout(() => (this.curveOf = one.object), CURVE_WAITS_MS);
    const pictures = await this._stamps.of(one.id);
    if (this.shown?.id === one.id) this.pictures = pictures;
  }

  /** Finds out whether there are any candidates, where none is left to show. */
  async _askAny() {
    const latest = this._latest;
    const any = this.done.length > 0 || (await this.attempt(() => anyCandidate(this.gateway.candidates, this, this.signal)));
    if (any !== null && latest === this._latest) this.any = any;
  }

  /** Reads the stamps of what is shown and of those behind it. */
  _keep() {
    const near = [this.shown, ...this._ahead.slice(0, HELD - 1)].filter(Boolean);
    this._stamps.keep(near.map(({ id }) => id));
  }

  /** @param {string} id @returns {Promise<Record<string, string>>} */
  async _readStamps(id) {
    const urls = await Promise.all(SEEN.map((plane) => readStamp(this.gateway, id, plane, this.signal)));
    return Object.fromEntries(SEEN.map((plane, i) => [plane, urls[i]]));
  }

  /** @param {import("../client/events.js").ServerEvent} event */
  _hear({ kind, data }) {
    if (kind === "candidates.found") this._send(() => this._fill());
    if (kind === "candidates.rescored") this._send(() => this._fill(true));
    const id = String(data?.subject ?? "").replace(/^candidates\//, "");
    const { person, vote, votes } = data?.data ?? {};
    if (kind === "candidate.voted") {
      this._ahead = this._ahead.filter((one) => one.id !== id || !vote || person === this.who?.user);
      if (this.shown?.id !== id) return;
      this.shown = { ...this.shown, votes };
      if (person !== this.who?.user) this.said = vote ? `${person} just voted ${vote}` : `${person} took a vote back`;
    } else if (kind.startsWith("candidate.comment") && this.shown?.id === id) {
      this._readComments();
    }
  }

  async _readComments() {
    const one = this.shown;
    const answer = await this.attempt(() => this.gateway.candidates.comments(one.id, this.signal));
    if (answer && this.shown?.id === one.id) this.shown = { ...this.shown, comments: answer.comments };
  }

  /** @param {Event} event */
  async _comment(event) {
    event.preventDefault();
    const field = /** @type {HTMLTextAreaElement} */ (this.renderRoot.querySelector("textarea"));
    const [one, text] = [this.shown, field.value.trim()];
    if (!text) return;
    const made = await this.attempt(() => this.gateway.candidates.comment(one.id, text));
    if (!made) return;
    field.value = "";
    this._focus();
    await this._readComments();
  }

  /** @param {any} comment */
  async _removeComment(comment) {
    const one = this.shown;
    await this.attempt(() => this.gateway.candidates.removeComment(one.id, comment.id));
    await this._readComments();
  }

  _focus() {
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector(".scan"))?.focus({ preventScroll: true });
  }

  /** The classes and tags of what is shown. */
  get _labels() {
    return /** @type {import("./gw-labels.js").GwLabels | null} */ (this.shown && this.renderRoot.querySelector("gw-labels"));
  }

  /** Gives the keys back after a label, but not to a person who has begun to write a tag. @param {CustomEvent} event */
  _labelled({ detail }) {
    const at = /** @type {ShadowRoot | undefined} */ (this._labels?.renderRoot)?.activeElement;
    if (at?.localName === (detail.kind === "tag" ? "input" : "select")) this._focus();
  }

  /** Keys work while nothing else of the page has them. @param {KeyboardEvent} event */
  _key(event) {
    const at = event.composedPath()[0];
    const nobodys = document.activeElement === document.body || document.activeElement instanceof HTMLAnchorElement;
    const mine = event.composedPath().includes(this) || nobodys;
    if (!mine || !this.asked || event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
    if (at instanceof HTMLTextAreaElement) {
      if (event.key === "Escape") this._focus();
      else if (event.key === "Enter" && !event.shiftKey) this._comment(event);
      return;
    }
    if (at instanceof HTMLInputElement && event.key === "Escape") this._focus();
    if (at instanceof HTMLSelectElement || at instanceof HTMLInputElement) return;
    const key = event.key.toLowerCase();
    const choice = CHOICES.find(([letter]) => letter === key);
    const others = /** @type {Record<string, () => void>} */ ({
      z: () => this.undo(),
      s: () => this.skip(),
      x: () => (this.blinking = true),
      t: () => this._labels?.write(),
      c: () => /** @type {HTMLElement | null} */ (this.renderRoot.querySelector("textarea"))?.focus(),
    });
    const digit = /^[1-9]$/.test(key) ? Number(key) : 0;
    if (event.repeat || (!choice && !digit && !(key in others))) return;
    event.preventDefault();
    if (digit) this._labels?.digit(digit);
    else if (choice) this.vote(choice[1]);
    else others[key]();
  }

  render() {
    if (this.denied) return this.renderDenied();
    const choice = html`<div class="bar" part="filter">${filterList(this.filters, this.filter, (name) => this._choose(name))}</div>`;
    if (!this.asked) return html`${this.error ? choice : nothing}${this.renderError()}${this.error ? nothing : this.renderLoading(6)}`;
    return html`${this.renderError()}
      <div class="scan panel" tabindex="0" role="group" aria-label="Candidate to vote on: R for real, B for bogus, U for unsure, Z to undo, S to skip, C to comment, T to tag, 1 to 9 for a class, X held to blink">
        ${this.filters.length || this.filter ? choice : nothing}
        ${this.shown ? this._stampRow(this.shown) : this._none()}
        <div class="bar votes" part="votes">
          ${CHOICES.map(([letter, vote, word]) => html`<button ?disabled=${!this.shown} @click=${() => this.vote(vote)}>${word} <kbd aria-hidden="true">${letter}</kbd></button>`)}
          <button class="quiet" ?disabled=${!this.shown} @click=${this.skip}>Skip <kbd aria-hidden="true">s</kbd></button>
          <button class="quiet" ?disabled=${!this.done.length} @click=${this.undo}>Undo <kbd aria-hidden="true">z</kbd></button>
          <span class="muted small" role="status">${[this.done.length ? `${count(this.done.length, "vote")} here` : "", this.said].filter(Boolean).join("; ")}</span>
        </div>
        ${this.shown ? html`${facts(this.shown, this.survey)}${this._more(this.shown)}` : nothing}
      </div>`;
  }

  _none() {
    if (this.any === null) return this.error ? nothing : this.renderLoading(6);
    return this.renderEmpty(...noneShown(this.any, this));
  }

  /** @param {any} one */
  _stampRow(one) {
    const across = `${(2 * RADIUS * 3600).toFixed(0)}″ across, north up, east left`;
    return html`<div class="stamps" part="stamps">${stamps(one, this.pictures, this.blinking, (on) => (this.blinking = on))}</div>
      <p class="small muted">Each ${across}. Hold the science image<span class="keys">, or <kbd>x</kbd>,</span> to blink it with the reference.</p>`;
  }

  /** @param {any} one */
  _more(one) {
    return html`<div class="more">
      <div><h3>Light curve</h3>
        ${this.curveOf === one.object ? html`<gw-light-curve .gateway=${this.gateway} object=${one.object} survey=${this.survey} .mark=${one.mjd} height="200"></gw-light-curve>` : this.renderLoading(4)}
        ${features(one)}</div>
      <div><h3>Classes and tags</h3><gw-labels .gateway=${this.gateway} object=${one.object} candidate=${one.id} @gw-labelled=${this._labelled}></gw-labels>
        <h3>Also found here</h3>${history(one)}
        <h3>Comments</h3>${commentList(one.comments, this.who?.user ?? "", (comment) => this._removeComment(comment))}
        <form @submit=${this._comment}><label class="field">Comment <textarea rows="1" maxlength="4000" placeholder="Enter sends, Escape goes back"></textarea></label><button>Send <kbd aria-hidden="true">c</kbd></button></form></div>
    </div>`;
  }
}
