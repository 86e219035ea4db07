/** The pages of administrators, made of the kit's elements only. */
import { escapeName, readable } from "../client/paths.js";
import { at } from "../client/place.js";
import { html, nothing } from "../vendor/lit.js";
import { addressOf, go } from "./routes.js";

/** @typedef {import("./routes.js").Place} Place */

/** @type {[string, string][]} Pages of administrators, by what follows /admin in the address. */
const ADMIN = [["people", "People"], ["tokens", "Tokens"], ["systems", "Systems"], ["audit", "Audit log"]];

/** @param {Place} place */
export function render({ parts: [page = "people", name = ""], query }) {
  const choose = (/** @type {CustomEvent} */ event) => go(addressOf("admin", ["people", escapeName(event.detail)].filter(Boolean)), true);
  const search = (/** @type {CustomEvent} */ event) => go(addressOf("admin", ["audit"], event.detail), true);
  /** @type {Record<string, () => any>} */
  const pages = {
    people: () => html`<gw-admin-people person=${readable(name)} @gw-person=${choose}></gw-admin-people>`,
    tokens: () => html`<gw-admin-tokens></gw-admin-tokens>`,
    systems: () => html`<gw-admin-systems></gw-admin-systems>`,
    audit: () => html`<gw-admin-audit filter=${query.toString()} @gw-filter=${search}></gw-admin-audit>`,
  };
  const shown = Object.hasOwn(pages, page) ? page : "people";
  return html`<section class="gw-section"><div class="head"><h1>${ADMIN.find(([id]) => id === shown)?.[1]}</h1></div>
    <nav aria-label="Administration"><ul class="tabs">${ADMIN.map(([id, word]) => html`<li><a href=${addressOf("admin", [id])} aria-current=${id === shown ? "page" : nothing}>${word}</a></li>`)}
      <li><a href=${at("/status")}>Incidents</a></li></ul></nav>
    ${pages[shown]()}</section>`;
}
