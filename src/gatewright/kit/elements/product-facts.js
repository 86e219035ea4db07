/** Measurements of a coadd or a difference, in words and tables. */
import { escapeName } from "../client/paths.js";
import { at } from "../client/place.js";
import { sexagesimal } from "../client/wcs.js";
import { html, nothing } from "../vendor/lit.js";
import { count, figure } from "./format.js";

const METHODS = /** @type {Record<string, string>} */ ({
  mean: "mean, weighted by the noise of the sky",
  clipped: "mean without outliers, weighted by the noise of the sky",
  "psf-matched": "mean after convolving all images to one point-spread function",
});

/** How each method of a coadd is offered. @type {[string, string][]} */
export const METHOD_CHOICES = [["mean", "Weighted mean"], ["clipped", "Mean without outliers"], ["psf-matched", "Mean of images made equally sharp"]];

/** The facts of a coadd. @param {any} product */
export function coaddFacts({ request, report }) {
  const { depth, pixels, side, zero_point: zero } = report;
  const magnitude = zero?.zero_point ? ` = magnitude ${(zero.zero_point - 2.5 * Math.log10(depth)).toFixed(2)} ${zero.system}` : "";
  return html`<dl>
    <div><dt>Images</dt><dd>${side.images.length}${side.outside?.length ? `, and ${side.outside.length} that do not reach the region` : ""}</dd></div>
    ${side.untied?.length ? html`<div><dt>Flux scale unknown</dt><dd>${side.untied.map(imageLink)}: they share no star with the others</dd></div>` : nothing}
    ${pixels?.empty ? html`<div><dt>Without data</dt><dd>${((100 * pixels.empty) / pixels.all).toFixed(1)} % of the pixels</dd></div>` : nothing}
    <div><dt>Method</dt><dd>${METHODS[request.method] ?? request.method}</dd></div>
    <div><dt>Depth, 5 sigma</dt><dd>flux ${figure(depth)}${magnitude}</dd></div>
    ${seeing("Seeing", report.psf)}
    ${zeroPoint(zero)}
  </dl>`;
}

/** The facts of a difference. @param {any} product */
export function differenceFacts({ report, reference, detections }) {
  const kept = detections.filter((/** @type {any} */ one) => !one.aside).length;
  return html`<dl>
    <div><dt>Above 5 sigma</dt><dd>${count(detections.length, "detection")}${kept < detections.length ? `, ${kept} of them candidates` : ""}</dd></div>
    ${seeing("Seeing of science", report.psf.science)}
    ${seeing("of reference", report.psf.reference)}
    ${zeroPoint(report.zero_point)}
    ${reference ? html`<div><dt>Reference</dt><dd class="mono">${reference}</dd></div>` : nothing}
  </dl>`;
}

/** @param {string} words @param {any} psf */
function seeing(words, psf) {
  if (!psf) return nothing;
  return html`<div><dt>${words}</dt><dd>${psf.seeing ? `${psf.seeing.toFixed(2)}″` : `${psf.fwhm.toFixed(2)} pixels`} from ${count(psf.stars, "star")}</dd></div>`;
}

/** @param {any} zero */
function zeroPoint(zero) {
  if (!zero) return nothing;
  if (zero.zero_point === undefined) return html`<div><dt>Zero point</dt><dd>none: ${zero.reason}</dd></div>`;
  return html`<div><dt>Zero point</dt><dd>${zero.zero_point.toFixed(3)} ± ${zero.zero_point_error.toFixed(3)} ${zero.system}, ${count(zero.stars, "star")} of ${zero.catalogue}</dd></div>`;
}

/** The images of one side, with their weights. @param {string} caption @param {any} side */
export function inputs(caption, side) {
  const summary = html`<summary>${caption}: ${count(side.images.length, "image")}</summary>`;
  // A single image is used as it is, without a weight or a scale.
  if (!side.inputs) return html`<details>${summary}<ul class="plain">${side.images.map((/** @type {string} */ id) => html`<li>${imageLink(id)}</li>`)}</ul></details>`;
  return html`<details>${summary}<div class="scroll"><table>
    <caption class="hidden">${caption}</caption>
    <thead><tr><th>Image</th><th class="number">Weight</th><th class="number">Star width, pixels</th><th class="number">Flux scale</th><th class="number">Pixels clipped</th></tr></thead>
    <tbody>${side.inputs.map((/** @type {any} */ one) => html`<tr class="row">
      <td class="wide">${imageLink(one.image)}</td>
      <td class="number" data-label="Weight">${(100 * one.weight).toFixed(1)} %</td>
      <td class="number" data-label="Star width, pixels">${one.fwhm.toFixed(2)}</td>
      <td class="number" data-label="Flux scale">${one.flux_ratio.error === null ? "unknown" : `${one.flux_ratio.value.toFixed(4)} ± ${one.flux_ratio.error.toFixed(4)}`}</td>
      <td class="number" data-label="Pixels clipped">${one.clipped}</td></tr>`)}</tbody></table></div></details>`;
}

/** An image of a survey leads to its page; a coadd has none. @param {string} id */
function imageLink(id) {
  const [survey, ...rest] = id.split("~");
  if (!rest.length) return html`<span class="mono">${id}</span>`;
  return html`<a class="mono" href=${at(`/sky/${escapeName(survey)}?image=${encodeURIComponent(id)}`)}>${id}</a>`;
}

/** What was detected, the most significant first. @param {any[]} detections @param {(one: any) => void} look */
export function detectionTable(detections, look) {
  if (!detections.length) return html`<p class="muted">Nothing changed by more than 5 sigma.</p>`;
  return html`<div class="scroll"><table><caption class="hidden">Detections</caption>
    <thead><tr><th>Detection</th><th>Place</th><th class="number">Sigma</th><th class="number">Flux</th><th>Kept aside as</th></tr></thead>
    <tbody>${detections.map((one) => html`<tr class="row">
      <td><button class="link" data-row @click=${() => look(one)}>Show ${one.number}</button></td>
      <td class="mono wide">${sexagesimal(one.ra, one.dec)}</td>
      <td class="number" data-label="Sigma">${one.snr.toFixed(1)}</td>
      <td class="number" data-label="Flux">${figure(one.flux)} ± ${figure(one.flux_error)}</td>
      <td data-label=${one.aside ? "Kept aside as" : nothing}>${one.aside ?? ""}</td></tr>`)}</tbody></table></div>`;
}
