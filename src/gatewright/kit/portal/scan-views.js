/** The pages of candidates, objects and classifiers, made of the kit's elements only. */
import { escapeName, readable } from "../client/paths.js";
import { at } from "../client/place.js";
import { html } from "../vendor/lit.js";
import { addressOf, go } from "./routes.js";

/** @typedef {import("./routes.js").Place} Place */

/** @param {Place} place */
export function scan({ query }) {
  const [survey, difference, filter, where, candidate] = ["survey", "difference", "filter", "where", "candidate"].map((name) => query.get(name) ?? "");
  const open = (/** @type {CustomEvent} */ event) => go(addressOf("scan", [], { survey, difference, filter, where, candidate: event.detail.id }), true);
  const choose = (/** @type {CustomEvent} */ event) => go(addressOf("scan", [], { survey, difference, ...event.detail }), true);
  return html`<gw-scan survey=${survey} difference=${difference} filter=${filter} where=${where} candidate=${candidate} @gw-filter=${choose}></gw-scan>
    <section class="gw-section"><div class="head"><h2>All candidates</h2><a href=${at("/classifiers")}>What scores them</a></div>
      <gw-candidates survey=${survey} difference=${difference} filter=${filter} where=${where} @gw-open=${open} @gw-filter=${choose}></gw-candidates></section>`;
}

/** @param {Place} place */
export function classifiers({ parts }) {
  if (parts.length) return html`<section class="gw-section"><h1>What scores the candidates of ${readable(parts[0])}</h1><gw-classifier survey=${readable(parts[0])}></gw-classifier></section>`;
  const open = (/** @type {CustomEvent} */ event) => {
    event.preventDefault();
    go(addressOf("classifiers", [escapeName(event.detail.id ?? event.detail)]));
  };
  return html`<section class="gw-section"><h1>Classifiers</h1><p class="gw-muted">Choose the survey whose candidates are to be scored.</p><gw-surveys @gw-open=${open}></gw-surveys></section>`;
}

/** @param {Place} place */
export function objects({ parts, query }) {
  const [survey, filter, where] = ["survey", "filter", "where"].map((name) => query.get(name) ?? "");
  if (!parts.length) {
    const whole = (/** @type {CustomEvent} */ event) => go(addressOf("objects", [escapeName(event.detail.object)], { survey }));
    const choose = (/** @type {CustomEvent} */ event) => go(addressOf("objects", [], { survey, ...event.detail }), true);
    return html`<section class="gw-section"><h1>Objects</h1><p class="gw-muted">Choose a candidate, to see all that was found at its place.</p>
      <gw-candidates survey=${survey} filter=${filter} where=${where} @gw-open=${whole} @gw-filter=${choose}></gw-candidates></section>`;
  }
  const open = (/** @type {CustomEvent} */ event) => go(addressOf("scan", [], { candidate: event.detail.id }));
  return html`<gw-object object=${readable(parts[0])} survey=${survey} @gw-open=${open}></gw-object>`;
}
