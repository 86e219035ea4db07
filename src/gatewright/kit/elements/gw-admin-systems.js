import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { icon } from "./icons.js";

/**
 * `<gw-admin-systems>`: which parts of the gateway and of each system work, as its probes
 * find it. Needs the scope `admin`.
 *
 * @property {any[] | null} parts - The parts that are shown.
 * @csspart parts - The lists.
 * @example
 * <gw-admin-systems></gw-admin-systems>
 */
export class GwAdminSystems extends GwElement {
  static properties = { parts: { attribute: false } };

  static scope = "admin";

  static styles = [GwElement.styles, css`
    :host { display: grid; gap: 16px; grid-template-columns: minmax(0, 1fr); }
    section { display: grid; gap: 8px; padding: 12px 16px; }
    ul { display: grid; gap: 4px; list-style: none; margin: 0; padding: 0; }
    li { align-items: center; display: flex; flex-wrap: wrap; gap: 4px 12px; }
  `];

  constructor() {
    super();
    /** @type {any[] | null} */
    this.parts = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.reload();
  }

  async reload() {
    this.parts = (await this.load(() => this.gateway.admin.parts(this.signal))) ?? this.parts;
  }

  render() {
    if (this.denied) return this.renderDenied();
    if (this.parts === null) return this.error ? this.renderError() : this.renderLoading(4);
    /** @type {Map<string, any[]>} */
    const groups = new Map();
    for (const part of this.parts) {
      const [, system, name] = /^systems\/(.+)\/([^/]+)$/.exec(part.name) ?? [null, "", part.name];
      groups.set(system, [...(groups.get(system) ?? []), { ...part, name }]);
    }
    if (!groups.size) return this.renderEmpty("Nothing to look at", "The gateway needs no part that can be probed.");
    return html`${this.renderError()}${[...groups].sort(([a], [b]) => a.localeCompare(b)).map(([system, parts]) => html`<section class="panel" part="parts">
        <h3>${system || "The gateway"}</h3><ul>${parts.map((part) => html`<li>
          <span class="word ${part.up ? "done" : "failed"}">${icon(part.up ? "done" : "failed")}${part.up ? "Up" : "Down"}</span> ${part.name}
          ${part.vital ? html`<span class="small muted">without it the gateway answers nothing</span>` : nothing}</li>`)}</ul></section>`)}
      <div class="bar"><button @click=${this.reload}>${icon("again")} Look again</button></div>`;
  }
}
