import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count, size } from "./format.js";
import { icon } from "./icons.js";

/** @type {Record<string, [string, string, string]>} */
const WORDS = {
  up: ["Up", "done", "done"],
  degraded: ["Degraded", "held", "held"],
  down: ["Down", "failed", "failed"],
  unknown: ["Unknown", "waiting", "waiting"],
};

/**
 * `<gw-status>`: which systems are up, what runs there, and the room at home. Needs the
 * scope `files:read`.
 *
 * @property {any[] | null} systems - The systems that are shown.
 * @csspart systems - The list.
 * @example
 * <gw-status></gw-status>
 */
export class GwStatus extends GwElement {
  static properties = { systems: { attribute: false } };

  static scope = "files:read";

  static styles = [GwElement.styles, css`
    ul { display: grid; gap: 8px; list-style: none; margin: 0; padding: 0; }
    li { align-items: center; display: flex; flex-wrap: wrap; gap: 4px 12px; }
  `];

  constructor() {
    super();
    /** @type {any[] | null} */
    this.systems = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  async reload() {
    this.systems = (await this.load(() => this.gateway.status.all(this.signal))) ?? this.systems;
  }

  render() {
    if (this.denied) return this.renderDenied();
    if (this.systems === null) return this.error ? this.renderError() : this.renderLoading(2);
    return html`<ul part="systems">${this.systems.map((one) => this._system(one))}</ul>
      ${this.systems.length ? nothing : html`<p class="muted">No system is connected here.</p>`}
`;
  }

  /** @param {import("../client/gateway.js").SystemStatus} one */
  _system(one) {
    const facts = [
      one.queue ? `${count(one.queue.jobs.filter((/** @type {any} */ job) => job.state === "active").length, "job")} of yours running on ${count(one.queue.resources.cores, "core")}` : "",
      one.space ? `${size(one.space.free)} free of ${size(one.space.total)}` : "",
    ].filter(Boolean);
    const [word, look, sign] = WORDS[one.status] ?? WORDS.unknown;
    return html`<li><strong>${one.name}</strong> <span class="word ${look}">${icon(sign)}${word}</span>
      <span class="muted">${[one.reason, ...facts].filter(Boolean).join(" · ")}</span></li>`;
  }
}
