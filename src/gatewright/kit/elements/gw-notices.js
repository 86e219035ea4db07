import { css, html, nothing } from "../vendor/lit.js";
import { at } from "../client/place.js";
import { GwElement } from "./base.js";
import { concerned, kindWord, times } from "./incident-words.js";

const LOOK_MS = 60_000;
const SOON_MS = 7 * 86_400_000;

/**
 * `<gw-notices>`: a line for each incident, outage and notice that is current, and for what
 * begins within a week. Everybody sees it; it shows nothing while there is nothing. It looks
 * again every minute while it is looked at.
 *
 * @property {any[]} incidents - What is shown.
 * @csspart notice - A line.
 * @example
 * <gw-notices></gw-notices>
 */
export class GwNotices extends GwElement {
  static properties = { incidents: { attribute: false } };

  static styles = [GwElement.styles, css`
    :host(:not([shown])) { display: none; }
    ul { display: grid; gap: 8px; list-style: none; margin: 0; padding: 0; }
    li { align-items: center; background: var(--gw-panel); border: 1px solid var(--gw-line); border-radius: var(--gw-corner); display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 8px 16px; }
    li > * { overflow-wrap: anywhere; }
  `];

  constructor() {
    super();
    /** @type {import("../client/incidents.js").Incident[]} */
    this.incidents = [];
    this._timer = 0;
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
    this._timer = window.setInterval(() => document.hidden || this.reload(), LOOK_MS);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    window.clearInterval(this._timer);
  }

  /** Looks again. Where no answer comes, what is shown stays: the page itself says what fails. */
  async reload() {
    const found = await this.gateway.incidents.open(this.signal).catch(() => null);
    if (!found) return;
    const soon = Date.now() + SOON_MS;
    this.incidents = found.filter((one) => Date.parse(one.begins_at) <= soon);
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("incidents")) this.toggleAttribute("shown", this.incidents.length > 0);
  }

  render() {
    if (!this.incidents.length) return nothing;
    return html`<ul aria-label="Notices">${this.incidents.map((one) => html`<li part="notice">
      ${kindWord(one)} <strong>${one.title}</strong>
      <span class="small muted">${concerned(one)}, ${times(one)}${one.takes_jobs ? nothing : ", no new jobs"}</span>
      <a class="small" href=${at("/status")}>More</a></li>`)}</ul>`;
  }
}
