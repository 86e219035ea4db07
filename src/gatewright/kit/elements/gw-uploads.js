import { css, html, nothing } from "../vendor/lit.js";
import { GwElement } from "./base.js";
import { count, size } from "./format.js";
import { icon } from "./icons.js";

/** @typedef {import("../client/uploads.js").Upload} Upload */

/**
 * `<gw-uploads>`: what is being uploaded, wherever on the page it was begun. Where a page
 * has one, a `gw-files` shows no list of its own.
 *
 * @attr {string} system - Only what goes to this system.
 * @csspart uploads - The list.
 * @example
 * <gw-files upload></gw-files>
 * <gw-uploads></gw-uploads>
 */
export class GwUploads extends GwElement {
  static properties = { system: {} };

  static styles = [GwElement.styles, css`
    .tray { display: grid; gap: 8px; max-block-size: 320px; overflow: auto; padding: 12px; }
    .one { align-items: center; display: grid; gap: 4px 12px; grid-template-columns: minmax(0, 1fr) auto auto; }
    progress { grid-column: 1 / -1; inline-size: 100%; }
    .name { font-family: var(--gw-mono); overflow-wrap: anywhere; }
  `];

  constructor() {
    super();
    this.system = "";
  }

  connectedCallback() {
    super.connectedCallback();
    const { signal } = this;
    this.gateway.uploads.addEventListener("change", () => this.requestUpdate(), { signal });
    window.addEventListener("beforeunload", (event) => { if (this.gateway.uploads.open.length) event.preventDefault(); }, { signal });
  }

  render() {
    const { uploads } = this.gateway;
    const all = uploads.all.filter((one) => !this.system || one.system === this.system);
    if (!all.length) return nothing;
    const open = uploads.open.filter((one) => all.includes(one)).length;
    return html`<section class="panel tray" part="uploads" aria-label="Uploads">
      <div class="bar"><strong class="grow" role="status">${open ? `Uploading, ${count(open, "file")} to go` : count(all.length, "upload")}</strong>
        ${all.length - open > 1 ? html`<button class="quiet" @click=${() => uploads.clear(all)}>Clear</button>` : nothing}</div>
      ${all.map((one) => this._one(one))}
    </section>`;
  }

  /** @param {Upload} one */
  _one(one) {
    return html`<div class="one"><span class="name">${one.name}</span><span class="small muted mono">${progressWords(one)}</span>
      ${one.state === "sending" || one.state === "waiting"
        ? html`<button class="quiet" aria-label="Stop uploading ${one.name}" @click=${() => one.stop.abort()}>Stop</button>
          <progress max=${one.total || 1} .value=${one.sent} aria-label="Upload of ${one.name}"></progress>`
        : html`<button class="quiet square" aria-label="Take ${one.name} off the list" @click=${() => this.gateway.uploads.forget(one)}>${icon("close")}</button>`}</div>`;
  }
}

/** @param {Upload} one */
function progressWords(one) {
  if (one.state === "done") return html`<span class="word done">${icon("done")}${size(one.total)}</span>`;
  if (one.state === "failed") return html`<span class="word failed">${icon("failed")}${one.message}</span>`;
  if (one.state === "waiting") return `Waiting, ${size(one.total)}`;
  if (one.state === "stopped") return "Stopped; nothing was kept";
  return one.sent >= one.total ? "Writing to disk …" : `${size(one.sent)} of ${size(one.total)}`;
}
