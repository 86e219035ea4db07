import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { ask } from "./dialog.js";
import { exact, local } from "./format.js";
import { icon } from "./icons.js";
import { concerned, kindWord, KINDS, SEVERITIES, times } from "./incident-words.js";
import { after, anew } from "./pages.js";

/** @typedef {import("../client/incidents.js").Incident} Incident */

const SERVICES = ["files", "commands", "jobs", "store", "datasets", "images", "sign-in"];
const PHASES = { planned: "Planned", current: "Current", past: "Past" };

/**
 * `<gw-incidents>`: incidents, planned outages and notices with their history, for everybody.
 * Administrators (scope `admin`) also announce, update, change, end and withdraw them here.
 *
 * @attr {number} limit - How many come at first, by default 20.
 * @property {any[] | null} incidents - What is shown.
 * @fires gw-announced - The new incident.
 * @fires gw-withdraw - The incident, before it is withdrawn (cancelable).
 * @csspart form - The form.
 * @csspart incident - One of them.
 * @example
 * <gw-incidents limit="5"></gw-incidents>
 */
export class GwIncidents extends GwElement {
  static properties = { limit: { type: Number }, incidents: { attribute: false }, next: { state: true }, open: { state: true }, changed: { state: true }, systems: { state: true } };

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    form { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); padding: 0 16px 16px; }
    summary { cursor: pointer; font-weight: 600; padding: 12px 16px; }
    .row { align-items: end; display: grid; gap: 12px; grid-template-columns: repeat(auto-fit, minmax(160px, 1fr)); }
    fieldset { border: 0; display: flex; flex-wrap: wrap; gap: 0 16px; margin: 0; padding: 0; }
    legend { font-size: var(--gw-small); padding: 0; }
    article { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); padding: 12px 16px; }
    article p, li { overflow-wrap: anywhere; white-space: pre-line; }
    ol { display: grid; gap: 4px; margin: 0; padding-inline-start: 20px; }
    time { font-variant-numeric: tabular-nums; white-space: nowrap; }
  `];

  constructor() {
    super();
    this.limit = 20;
    /** @type {Incident[] | null} */
    this.incidents = null;
    /** @type {string | null} */
    this.next = null;
    /** @type {Incident | null} The one whose history is shown. */
    this.open = null;
    /** Id of the one that is being changed. */
    this.changed = "";
    /** @type {string[]} */
    this.systems = [];
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  async reload() {
    this.who = await this.gateway.auth.session().catch(() => null);
    const page = await this.load(() => anew({ items: this.incidents, next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
    if (this._administers && !this.systems.length) this.systems = (await this.attempt(() => this.gateway.about(this.signal)))?.systems ?? [];
  }

  /** Shows the next page below what is shown. */
  async more() {
    const page = await this.attempt(() => after({ items: this.incidents ?? [], next: this.next }, this.limit, (part) => this._part(part)));
    if (page) this._show(page);
  }

  /** @param {{limit: number, cursor?: string | null}} part */
  async _part(part) {
    const { incidents, next } = await this.gateway.incidents.list(part, this.signal);
    return { items: incidents, next };
  }

  /** @param {{items: any[], next: string | null}} page */
  _show(page) {
    this.incidents = page.items;
    this.next = page.next;
  }

  get _administers() {
    return Boolean(this.who?.scopes.includes("admin"));
  }

  /** Shows the history of one, or hides it again. @param {string} id */
  async look(id) {
    this.open = this.open?.id === id ? null : await this.attempt(() => this.gateway.incidents.get(id, this.signal));
  }

  /** Announces one; returns it, or null if it was not taken. @param {Record<string, any>} incident */
  async announceIncident(incident) {
    const made = await this.attempt(() => this.gateway.incidents.announce(incident));
    if (!made) return null;
    this.announce("announced", made);
    await this.reload();
    return made;
  }

  /** Changes an incident, or adds an update to it; returns it, or null if that was refused. @param {Incident} one @param {Record<string, any>} changes */
  async change(one, changes) {
    const changed = await this.attempt(() => this.gateway.incidents.change(one.id, changes));
    if (!changed) return null;
    if (this.open?.id === one.id) this.open = changed;
    await this.reload();
    return changed;
  }

  /** Asks for the text of an update, and sends it. @param {Incident} one */
  async tell(one) {
    const update = await ask({ title: `What is new about “${one.title}”?`, action: "Tell it", field: "Update" });
    if (update) await this.change(one, { update });
  }

  /** Asks, and withdraws one. @param {Incident} one */
  async withdraw(one) {
    const sure = await ask({ title: `Withdraw “${one.title}”?`, text: "Only administrators see it then. Its history is kept.", action: "Withdraw", danger: true });
    if (sure === null) return;
    if (!this.announce("withdraw", one, true)) return;
    await this.attempt(() => this.gateway.incidents.withdraw(one.id));
    if (!this.error) await this.reload();
  }

  /** @param {SubmitEvent} event */
  async _submit(event) {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.target);
    if (await this.announceIncident(written(form))) form.reset();
  }

  /** Sends what was changed in the form of one. @param {SubmitEvent} event @param {Incident} one */
  async _save(event, one) {
    event.preventDefault();
    const now = written(/** @type {HTMLFormElement} */ (event.target));
    now.begins_at ??= new Date().toISOString();
    const before = { ...one, begins_at: toMinute(one.begins_at), ends_at: toMinute(one.ends_at) };
    const said = (/** @type {any} */ value) => JSON.stringify(Array.isArray(value) ? [...value].sort() : value);
    const changes = Object.fromEntries(Object.entries(now).filter(([name, value]) => said(value) !== said(before[/** @type {keyof Incident} */ (name)])));
    if (!Object.keys(changes).length || (await this.change(one, changes))) this.changed = "";
  }

  render() {
    return html`${this.renderError()}
      ${this._administers ? this._announcing() : nothing}
      ${this.incidents === null ? (this.error ? nothing : this.renderLoading(3)) : this._list(this.incidents)}`;
  }

  /** @param {Incident[]} incidents */
  _list(incidents) {
    if (!incidents.length) return this.renderEmpty("Nothing is announced", "Incidents, planned outages and notices appear here.");
    return html`${repeat(incidents, (one) => one.id, (one) => this._one(one))}
      ${this.next ? html`<div class="bar"><button @click=${this.more}>Show more</button></div>` : nothing}`;
  }

  /** @param {Incident} one */
  _one(one) {
    const open = this.open?.id === one.id;
    return html`<article class="panel" part="incident">
      <div class="bar">${kindWord(one)} <strong class="grow">${one.title}</strong> <span class="small muted">${PHASES[one.phase]}</span></div>
      <p class="small muted">${concerned(one)}, ${times(one)}${one.takes_jobs ? nothing : ", no new jobs"}</p>
      ${one.text ? html`<p>${one.text}</p>` : nothing}
      ${one.update && !open ? html`<p><time datetime=${one.updated_at} title=${exact(one.updated_at)}>${local(one.updated_at)}</time> ${one.update}</p>` : nothing}
      ${open ? this._history(this.open?.updates ?? []) : nothing}
      <div class="bar">
        <button class="quiet" aria-expanded=${String(open)} aria-label="History of ${one.title}" @click=${() => this.look(one.id)}>History</button>
        ${this._administers ? html`
          <button aria-label="Update ${one.title}" @click=${() => this.tell(one)}>${icon("edit")} Update</button>
          <button class="quiet" aria-expanded=${String(this.changed === one.id)} aria-label="Change ${one.title}" @click=${() => (this.changed = this.changed === one.id ? "" : one.id)}>Change</button>
          ${one.phase === "current" ? html`<button aria-label="End it now: ${one.title}" @click=${() => this.change(one, { ends_at: new Date().toISOString() })}>End it now</button>` : nothing}
          <button class="quiet" aria-label="Withdraw ${one.title}" @click=${() => this.withdraw(one)}>Withdraw</button>` : nothing}
      </div>
      ${this._administers && this.changed === one.id ? html`<form aria-label="Change ${one.title}" @submit=${(/** @type {SubmitEvent} */ event) => this._save(event, one)}>
        ${this._fields(one)}<div class="bar"><button class="primary">Save the changes</button></div></form>` : nothing}
      </article>`;
  }

  /** @param {any[]} updates */
  _history(updates) {
    const said = (/** @type {any} */ one) => one.text || one.changes.map((/** @type {any} */ change) => `${change.field}: ${change.after || "none"}`).join("; ") || "Announced";
    return html`<ol>${updates.map((one) => html`<li><time datetime=${one.at} title=${exact(one.at)}>${local(one.at)}</time> ${said(one)}${one.author ? html` <span class="muted">${one.author}</span>` : nothing}</li>`)}</ol>`;
  }

  _announcing() {
    return html`<details class="panel"><summary>Announce something</summary><form part="form" aria-label="Announce something" @submit=${this._submit}>
      ${this._fields()}<div class="bar"><button class="primary">Announce it</button></div></form></details>`;
  }

  /** The fields of a form, as those of an incident or for a new one. @param {Partial<Incident>} [one] */
  _fields(one = {}) {
    const choices = (/** @type {Record<string, string>} */ words, /** @type {string | undefined} */ chosen) => Object.entries(words).map(([value, word]) => html`<option value=${value} ?selected=${value === chosen}>${word}</option>`);
    const checks = (/** @type {string} */ name, /** @type {string[]} */ values, /** @type {string[]} */ chosen) => values.map((value) => html`<label class="check"><input type="checkbox" name=${name} value=${value} ?checked=${chosen.includes(value)}>${value}</label>`);
    const systems = [...new Set([...this.systems, ...(one.systems ?? [])])];
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    return html`<div class="row">
        <label class="field">What<select name="kind">${choices(KINDS, one.kind)}</select></label>
        <label class="field">State of what it concerns<select name="severity">${choices(SEVERITIES, one.severity)}</select></label>
      </div>
      <label class="field">Title<input name="title" required maxlength="200" autocomplete="off" value=${one.title ?? ""}></label>
      <label class="field">More about it<textarea name="text" maxlength="4000" .defaultValue=${one.text ?? ""}></textarea></label>
      <fieldset><legend>Systems</legend>${checks("system", systems, one.systems ?? [])}</fieldset>
      <fieldset><legend>Services; with neither it concerns all</legend>${checks("service", SERVICES, one.services ?? [])}</fieldset>
      <div class="row">
        <label class="field">Begins, empty for now<input type="datetime-local" name="begins" value=${local(one.begins_at).replace(" ", "T")}></label>
        <label class="field">Ends<input type="datetime-local" name="ends" value=${local(one.ends_at).replace(" ", "T")}></label>
      </div>
      <p class="small muted">Both times are of your zone, ${timeZone}.</p>
      <label class="check"><input type="checkbox" name="closed" ?checked=${one.takes_jobs === false}>Refuse new jobs meanwhile</label>`;
  }
}

/** What a form says. @param {HTMLFormElement} form @returns {Record<string, any>} */
function written(form) {
  const data = new FormData(form);
  const moment = (/** @type {string} */ name) => (data.get(name) ? new Date(String(data.get(name))).toISOString() : null);
  return {
    ...Object.fromEntries(["kind", "severity", "title"].map((name) => [name, data.get(name)])),
    text: String(data.get("text")).replaceAll("\r\n", "\n"),
    systems: data.getAll("system"),
    services: data.getAll("service"),
    begins_at: moment("begins"),
    ends_at: moment("ends"),
    takes_jobs: !data.has("closed"),
  };
}

/** A moment as a form has it, which has no seconds. @param {string | null} moment */
function toMinute(moment) {
  return moment && new Date(Math.floor(Date.parse(moment) / 60_000) * 60_000).toISOString();
}
