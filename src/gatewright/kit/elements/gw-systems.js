import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";

/**
 * `<gw-systems>`: chooses one of the systems that run jobs or have files. It shows
 * nothing where there is only one. Needs the scope `jobs:read`, or `files:read` for files.
 *
 * @attr {string} kind - `jobs` or `files`, by default `jobs`.
 * @attr {string} system - Name of the system that is chosen, by default `local`.
 * @fires gw-system - Name of the system, when another is chosen.
 * @csspart choice - The choice.
 * @example
 * <gw-systems system="local"></gw-systems>
 */
export class GwSystems extends GwElement {
  static properties = { kind: {}, system: {}, names: { state: true } };

  static styles = [GwElement.styles, css`
    :host { container-type: normal; display: inline-grid; }
    :host([hidden]) { display: none; }
    label { align-items: center; display: flex; gap: 8px; }
  `];

  constructor() {
    super();
    this.kind = "jobs";
    this.system = "local";
    /** @type {string[]} */
    this.names = [];
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has("kind")) this.reload();
  }

  async reload() {
    const kind = this.kind === "files" ? "files" : "jobs";
    if (!(await this.gateway.auth.session().catch(() => null))?.user) return;
    const found = await this.attempt(() => this.gateway.http.json(`/api/v1/${kind}`, { signal: this.signal }));
    if (found) this.names = found.systems.map((/** @type {{name: string}} */ one) => one.name);
  }

  /** @param {any} event */
  _choose(event) {
    this.system = event.target.value;
    this.announce("system", this.system);
  }

  render() {
    if (this.names.length < 2) return nothing;
    return html`<label part="choice">System <select aria-label="System" @change=${this._choose}>
      ${this.names.map((name) => html`<option value=${name} ?selected=${name === this.system}>${name}</option>`)}</select></label>`;
  }
}
