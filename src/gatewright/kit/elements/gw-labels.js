import { at } from "../client/place.js";
import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { exact, local } from "./format.js";
import { icon } from "./icons.js";

/** @typedef {{id: string, candidate: string, kind: "class" | "tag", name: string, person: string, at: string}} Label */

/** Number of classes, from the first on the operator's list, that a digit gives. */
const BY_DIGITS = 9;
const READ_WAITS_MS = 250;

/**
 * `<gw-labels>`: the classes and tags of an object or a candidate, with the people who gave
 * them. People with the scope `sky:vote` give more, and withdraw their own. Changes by others
 * appear at once.
 *
 * @attr {string} object - Id of the object whose labels are shown.
 * @attr {string} candidate - Id of the candidate that new labels are given to; without it they
 *   are given to the object. Without an object, the labels of the candidate are shown.
 * @property {Label[] | null} labels - The labels, the oldest first; null before they are read.
 * @property {string[]} classes - The classes that the operator offers.
 * @fires gw-label - `{class}` or `{tag}`, before it is given (cancelable).
 * @fires gw-labelled - The label, after it was given.
 * @fires gw-withdrawn - The label, after it was withdrawn.
 * @slot empty - Shown in place of an empty list.
 * @csspart labels - The list.
 * @example
 * <gw-labels id="labels"></gw-labels>
 * <script type="module">
 * import { gateway } from "/kit/gw.js";
 * const { candidates } = await gateway.candidates.page({ survey: "simulated-sky", limit: 1 });
 * if (candidates.length) document.getElementById("labels").object = candidates[0].object;
 * </script>
 */
export class GwLabels extends GwElement {
  static properties = {
    object: {}, candidate: {}, labels: { attribute: false }, classes: { attribute: false }, busy: { state: true }, failure: { state: true }, said: { state: true },
  };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); }
    ul { display: flex; flex-wrap: wrap; gap: 4px 8px; list-style: none; margin: 0; padding: 0; }
    li { align-items: center; border: 1px solid var(--gw-line); border-radius: var(--gw-corner); display: inline-flex; flex-wrap: wrap; gap: 0 6px; min-block-size: 28px; min-inline-size: 0; overflow-wrap: anywhere; padding: 1px 8px; }
    li.class { background: var(--gw-accent-soft); border-color: var(--gw-accent); }
    li button { min-block-size: 24px; padding: 0 3px; }
    .give { align-items: end; display: flex; flex-wrap: wrap; gap: 8px; }
    .give form { align-items: end; display: flex; flex: 1 1 160px; gap: 8px; }
    .give form label { flex: 1; }
    .give input { inline-size: 100%; }
  `];

  constructor() {
    super();
    this.object = "";
    this.candidate = "";
    /** @type {Label[] | null} */
    this.labels = null;
    /** @type {string[]} */
    this.classes = [];
    this.busy = false;
    /** Why the last label was not given or withdrawn. @type {any} */
    this.failure = null;
    /** The last change, for screen readers. */
    this.said = "";
    this._wait = 0;
    this._latest = {};
  }

  connectedCallback() {
    super.connectedCallback();
    this.gateway.live.listen({ hear: (/** @type {any} */ event) => this._hear(event), tell: (/** @type {string} */ state) => state === "again" && this._read() }, this.signal);
    this.gateway.candidates.classes(this.signal).then(({ classes }) => (this.classes = classes), () => {});
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearTimeout(this._wait);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (!changed.has("object") && !changed.has("candidate")) return;
    this._latest = {};
    [this.labels, this.said, this.error, this.failure] = [null, "", null, null];
    window.clearTimeout(this._wait);
    // Candidates that are shown for an instant need no request.
    if (this.object || this.candidate) this._wait = window.setTimeout(() => this.reload(), READ_WAITS_MS);
  }

  async reload() {
    const session = await this.gateway.auth.session().catch(() => null);
    this.who = session;
    if (session?.user) await this.load(() => this._read());
  }

  /** Reads the labels of what is shown now. */
  async _read() {
    const latest = this._latest;
    const { object, candidate, signal, gateway } = this;
    if (!object && !candidate) return;
    const found = await this.attempt(() => (object ? gateway.candidates.objectLabels(object, signal) : gateway.candidates.labels(candidate, signal)));
    if (found && latest === this._latest) this.labels = found.labels;
  }

  /** @param {import("../client/events.js").ServerEvent} event */
  _hear({ kind, data }) {
    if (!["candidate.labelled", "candidate.label-removed", "object.changed"].includes(kind)) return;
    const id = String(data?.subject ?? "").split("/")[1];
    const about = data?.data ?? {};
    const ours = [about.object, about.source, about.target].includes(this.object) || id === this.candidate;
    if (ours && this.labels) this._read();
  }

  /** The person's own labels of the candidate; without a candidate, of the object. */
  get _mine() {
    return (this.labels ?? []).filter((one) => one.person === this.who?.user && (!this.candidate || one.candidate === this.candidate));
  }

  /** Sends a change; its error stays until the next one, whatever is read meanwhile. @template T @param {() => Promise<T>} work @returns {Promise<T | null>} */
  async _say(work) {
    this.busy = true;
    const done = await this.attempt(work);
    this.busy = false;
    [this.failure, this.error] = [this.error, null];
    return done;
  }

  /** Gives a class or a tag; returns it, or null if it was not given. @param {{class: string} | {tag: string}} label @returns {Promise<any>} */
  async give(label) {
    if (!this.announce("label", label, true)) return null;
    const { candidate, object, gateway } = this;
    const given = await this._say(() => (candidate ? gateway.candidates.label(candidate, label) : gateway.candidates.labelObject(object, label)));
    if (!given) return null;
    this.said = `You gave the ${given.kind} ${given.name}`;
    this.announce("labelled", given);
    await this._read();
    return given;
  }

  /** Withdraws one of the person's own labels. @param {Label} label */
  async withdraw(label) {
    const gone = await this._say(async () => (await this.gateway.candidates.removeLabel(label.candidate, label.id), true));
    if (!gone) return;
    this.said = `You withdrew the ${label.kind} ${label.name}`;
    this.announce("withdrawn", label);
    await this._read();
  }

  /** Gives the class with this number, or withdraws it if the person gave it before. @param {number} digit From 1. */
  async digit(digit) {
    const name = this.classes[digit - 1];
    if (!name || digit > BY_DIGITS || this.busy) return;
    const latest = this._latest;
    if (!this.labels) {
      window.clearTimeout(this._wait);
      await this.reload();
    }
    if (!this.labels || latest !== this._latest) return;
    const mine = this._mine.find((one) => one.kind === "class" && one.name === name);
    if (mine) this.withdraw(mine);
    else this.give({ class: name });
  }

  /** Moves the keyboard focus to the field for a tag. */
  write() {
    /** @type {HTMLInputElement | null} */ (this.renderRoot.querySelector("input"))?.focus();
  }

  /** @param {SubmitEvent} event */
  async _submit(event) {
    event.preventDefault();
    const field = /** @type {HTMLInputElement} */ (this.renderRoot.querySelector("input"));
    const tag = field.value.trim();
    if (tag && (await this.give({ tag })) && field.value.trim() === tag) field.value = "";
  }

  /** @param {Event} event */
  _choose(event) {
    const { value } = /** @type {HTMLSelectElement} */ (event.target);
    const mine = this._mine.find((one) => one.kind === "class");
    if (value) this.give({ class: value });
    else if (mine) this.withdraw(mine);
  }

  render() {
    if (!this.object && !this.candidate) return html`<p class="muted">Choose an object, to see its classes and tags.</p>`;
    if (this.who !== undefined && !this.who?.user) return html`<p class="muted"><a href=${at("/sign-in")}>Sign in</a> to see classes and tags.</p>`;
    if (this.labels === null) return html`${this.renderError()}${this.error ? nothing : this.renderLoading(1)}`;
    const { failure } = this;
    return html`${this.renderError()}${failure ? html`<div class="state error" role="alert"><strong>${failure.title}</strong><p>${failure.message}</p></div>` : nothing}${this.labels.length ? this._list(this.labels) : html`<slot name="empty"><p class="small muted" part="empty">Nobody has given a class or a tag.</p></slot>`}
      ${this.may("sky:vote") ? this._give() : nothing}<p class="hidden" role="status">${this.said}</p>`;
  }

  /** @param {Label[]} labels */
  _list(labels) {
    /** @type {Map<string, Label[]>} */
    const groups = new Map();
    for (const one of [...labels].sort((a, b) => a.kind.localeCompare(b.kind))) {
      const key = `${one.kind} ${one.name}`;
      groups.set(key, [...(groups.get(key) ?? []), one]);
    }
    return html`<ul part="labels">${repeat(groups, ([key]) => key, ([, given]) => {
      const [{ kind, name }] = given;
      const mine = given.filter((one) => one.person === this.who?.user);
      const people = [...new Set(given.map((one) => one.person))];
      const when = given.map((one) => `${one.person}, ${exact(one.at)}`).join("\n");
      return html`<li class=${kind}><strong>${name}</strong><span class="small muted" title=${when}>${kind} by ${people.join(", ")}<span class="hidden">, first on ${local(given[0].at)}</span></span>
        ${mine.length && this.may("sky:vote") ? html`<button class="quiet" ?disabled=${this.busy} aria-label="Withdraw my ${kind} ${name}" title="Withdraw" @click=${() => this.withdraw(mine.at(-1) ?? mine[0])}>${icon("close")}</button>` : nothing}</li>`;
    })}</ul>`;
  }

  _give() {
    const mine = this._mine.find((one) => one.kind === "class")?.name ?? "";
    return html`<div class="give">
      <label class="field">My class<select name="class" ?disabled=${this.busy} @change=${this._choose}><option value="" .selected=${!mine}>none</option>
        ${this.classes.map((name, i) => html`<option value=${name} .selected=${name === mine}>${name}${i < BY_DIGITS ? ` (${i + 1})` : ""}</option>`)}</select></label>
      <form @submit=${this._submit} aria-label="Give a tag"><label class="field">Tag<input name="tag" maxlength="40" autocomplete="off" placeholder="a word of your own"></label><button ?disabled=${this.busy}>Add</button></form></div>`;
  }
}
