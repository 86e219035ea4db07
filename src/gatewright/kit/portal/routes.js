/** Addresses of the portal: `/<view>/<rest>?<state>`. */

import { at, ROOT } from "../client/place.js";

/**
 * @typedef {object} Place
 * @property {string} view Name of the view; "home" at the root.
 * @property {string[]} parts Names after the view's, as in the address (escaped).
 * @property {URLSearchParams} query
 */

/** @param {Location | URL} address @returns {Place} */
export function placeOf(address) {
  const [view, ...parts] = address.pathname.slice(ROOT.length).split("/").filter(Boolean);
  return { view: view ?? "home", parts, query: new URLSearchParams(address.search) };
}

/** @param {string} view @param {string[]} parts Escaped names. @param {Record<string, any> | URLSearchParams} [query] */
export function addressOf(view, parts = [], query = {}) {
  const entries = query instanceof URLSearchParams ? [...query] : Object.entries(query);
  const text = new URLSearchParams(entries.filter(([, value]) => value !== "" && value !== null && value !== undefined).map(([k, v]) => [k, String(v)])).toString();
  const path = at(view === "home" ? "/" : ["", view, ...parts].join("/"));
  return text ? `${path}?${text}` : path;
}

/** @param {string} address Goes there without loading a page. @param {boolean} [replace] @param {boolean} [stays] Whether the page keeps its scroll position. */
export function go(address, replace = false, stays = false) {
  if (address === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"](null, "", address);
  window.dispatchEvent(new CustomEvent("gw-place", { detail: { stays } }));
}

/** Makes links within the portal change the view in place. @param {(address: URL) => boolean} ours */
export function followLinks(ours) {
  document.addEventListener("click", (event) => {
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    const link = /** @type {HTMLAnchorElement | undefined} */ (event.composedPath().find((one) => one instanceof HTMLAnchorElement));
    if (!plain || event.defaultPrevented || !link?.href || link.target || link.hasAttribute("download")) return;
    const address = new URL(link.href);
    if (address.origin !== location.origin || !ours(address)) return;
    event.preventDefault();
    go(address.pathname + address.search);
  });
}
