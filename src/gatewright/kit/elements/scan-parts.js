/** The parts beside the stamps of a candidate: figures, features, history, comments. */
import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { sexagesimal } from "../client/wcs.js";
import { html, nothing } from "../vendor/lit.js";
import { exact, figure, local } from "./format.js";
import { voteWords } from "./stamps.js";

/** What each feature is, in the order of the table; those that are missing here come last. */
const FEATURE_WORDS = /** @type {Record<string, string>} */ ({
  magnitude_change: "Change, magnitudes",
  flux_ratio: "Flux ÷ reference's",
  science_snr: "Science, sigma",
  reference_snr: "Reference, sigma",
  likeness: "Likeness to a star",
  width_ratio: "Width ÷ a star's",
  ellipticity: "Ellipticity",
  sharpness: "Sharpness",
  symmetry: "Asymmetry",
  opposite: "Light of the other sign",
  bad_share: "Bad pixels, share",
  edge_distance: "Pixels to the edge",
  nearest_distance: "Pixels to the nearest star",
});

/** A time, marked where it is assumed. @param {any} one */
export function timeWords(one) {
  if (!one.time) return html`<span class="muted">not known</span>`;
  return html`<time title=${exact(one.time)}>${local(one.time)}</time>${one.time_assumed ? html` <span class="muted" title="From the survey's table, not the header">assumed</span>` : nothing}`;
}

/** @param {any} one A candidate. @param {string} [survey] */
export function facts(one, survey = "") {
  return html`<dl class="facts">
    <div><dt>Place</dt><dd class="mono">${sexagesimal(one.ra, one.dec)}</dd></div>
    <div><dt>Significance</dt><dd>${one.snr.toFixed(1)} sigma</dd></div>
    <div><dt>Score</dt><dd>${one.score === null ? html`<span class="muted">not judged</span>` : one.score.toFixed(3)}</dd></div>
    <div><dt>Flux</dt><dd>${figure(one.flux)} ± ${Number(one.flux_error.toPrecision(2))}</dd></div>
    <div><dt>Time</dt><dd>${timeWords(one)}</dd></div>
    ${one.reason ? html`<div><dt>Kept aside</dt><dd>${one.reason}</dd></div>` : nothing}
    <div><dt>Votes</dt><dd>${voteWords(one.votes)}${one.mine ? html` <span class="muted">(yours: ${one.mine})</span>` : nothing}</dd></div>
    ${one.reference ? html`<div><dt>Reference</dt><dd class="mono" title="The version of the reference that was subtracted">${one.reference}</dd></div>` : nothing}
    <div><dt>Object</dt><dd><a href=${at(`/objects/${escapeName(one.object)}${survey ? `?survey=${encodeURIComponent(survey)}` : ""}`)}>All epochs</a></dd></div>
  </dl>`;
}

/** @param {any} one A candidate with its features. */
export function features(one) {
  const known = Object.keys(FEATURE_WORDS).filter((name) => name in one.features);
  const others = Object.keys(one.features).filter((name) => !(name in FEATURE_WORDS));
  const words = (/** @type {string} */ name) => FEATURE_WORDS[name] ?? name.replaceAll("_", " ");
  return html`<details class="features"><summary>Features (${known.length + others.length})</summary>
    <dl>${[...known, ...others].map((name) => html`<div><dt>${words(name)}</dt><dd>${one.features[name] === null ? "–" : figure(one.features[name])}</dd></div>`)}</dl></details>`;
}

/** What was found at the place before. @param {any} one A candidate with its history. */
export function history(one) {
  const others = (one.history ?? []).filter((/** @type {any} */ past) => past.id !== one.id);
  if (!others.length) return html`<p class="small muted">Nothing else was found at this place.</p>`;
  return html`<ul class="plain small">${others.map((/** @type {any} */ past) => html`<li>${timeWords(past)}: ${past.snr.toFixed(1)} sigma${past.reason ? `, ${past.reason}` : ""}${past.reference && past.reference !== one.reference ? html` <span class="muted" title="Found by the reference version ${past.reference}">by another reference</span>` : nothing}</li>`)}</ul>`;
}

/** @param {any[]} comments @param {string} me Who looks @param {(comment: any) => void} remove */
export function commentList(comments, me, remove) {
  if (!comments.length) return html`<p class="small muted">Nobody has written anything.</p>`;
  return html`<ul class="plain">${comments.map((comment) => html`<li><strong>${comment.person}</strong> <time class="small muted" title=${exact(comment.at)}>${local(comment.at)}</time>
    ${comment.person === me ? html`<button class="link small" @click=${() => remove(comment)}>Remove</button>` : nothing}
    <p class="words">${comment.text}</p></li>`)}</ul>`;
}
