/** The parts of a candidate: stamps, figures, features, history, comments; and what is said where none is left. */
import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { sexagesimal } from "../client/wcs.js";
import { html, nothing } from "../vendor/lit.js";
import { exact, figure, local } from "./format.js";
import { SEEN, voteWords } from "./stamps.js";

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

/** The pictures of a candidate. @param {any} one @param {Record<string, string>} pictures @param {boolean} blinking Whether the reference stands for the science image @param {(on: boolean) => void} blink */
export function stamps(one, pictures, blinking, blink) {
  return SEEN.map((plane) => stamp(one, plane, pictures, plane === "science" && blinking, (on) => plane === "science" && blink(on)));
}

/** @param {any} one @param {"science" | "reference" | "difference"} plane @param {Record<string, string>} pictures @param {boolean} blinks @param {(on: boolean) => void} blink */
function stamp(one, plane, pictures, blinks, blink) {
  const seen = blinks ? "reference" : plane;
  const [hold, leave] = [() => blink(true), () => blink(false)];
  return html`<figure>
    <div class="sight" @pointerdown=${hold} @pointerup=${leave} @pointerleave=${leave} @pointercancel=${leave} @contextmenu=${(/** @type {Event} */ e) => e.preventDefault()}>
      ${pictures[seen] ? html`<img src=${pictures[seen]} alt="${plane} round the candidate" draggable="false">` : nothing}
      <svg viewBox="0 0 100 100" aria-hidden="true"><path d="M50 34v9M57 50h9"/></svg>
      ${seen === plane ? nothing : html`<span class="sign">${seen}</span>`}
    </div>
    <figcaption class="small"><strong>${plane}</strong>${plane === "science" ? html`<span class="muted">${timeWords(one)}</span>` : nothing}</figcaption></figure>`;
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

/** @typedef {{survey: string, difference: string, filter: string, where: string}} Chosen Which candidates are scanned. */

/**
 * One candidate with its history and comments, even if another person has claimed it.
 * @param {import("../client/candidates.js").Candidates} candidates @param {string} id @param {AbortSignal} signal
 */
export async function review(candidates, id, signal) {
  const [one, { comments }] = await Promise.all([candidates.get(id, signal), candidates.comments(id, signal)]);
  const found = await candidates.object(one.object, signal);
  return { ...one, comments, history: found.candidates };
}

/**
 * Whether any candidate is among the chosen ones, with or without a vote.
 * @param {import("../client/candidates.js").Candidates} candidates @param {Chosen} chosen @param {AbortSignal} signal @returns {Promise<boolean>}
 */
export async function anyCandidate(candidates, { survey, difference, filter, where }, signal) {
  const query = { survey: survey || null, difference: difference || null, filter: filter || null, where: where || null, limit: 1 };
  let page = await candidates.page(query, signal);
  // With a filter, pages may be empty before the last.
  while (!page.candidates.length && page.next) page = await candidates.page({ ...query, cursor: page.next }, signal);
  return page.candidates.length > 0;
}

/**
 * Why no candidate is shown, and what to do next: a title, a text and a link.
 * @param {boolean} any Whether there are any, seen or not @param {Chosen} chosen @returns {[string, string, any]}
 */
export function noneShown(any, { survey, difference, filter, where }) {
  const again = survey ? at(`/sky/${escapeName(survey)}/difference`) : at("/sky");
  const subtract = html`<a class="button" href=${again}>${survey ? "Subtract images" : "Choose a survey"}</a>`;
  if (any) return ["Nothing left to scan", "Every candidate here has a vote, or was skipped, or somebody else looks at it. New ones come with the next difference of images.", nothing];
  if (filter || where) return ["No candidate fulfils this", "Choose another filter, or a condition that is less narrow.", nothing];
  if (difference) return ["No candidates in this difference", "Nothing was found in it. Subtract other images of the survey: what differs becomes a candidate.", subtract];
  return [survey ? "There are no candidates in this survey yet" : "There are no candidates yet", `They come with differences. ${survey ? "Subtract" : "Choose a survey, and subtract"} a reference from new images: what differs becomes a candidate.`, subtract];
}
