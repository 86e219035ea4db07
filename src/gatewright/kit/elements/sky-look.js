/** How grey levels of the sky are made, and the colours that they are shown in. */
import { html, nothing } from "../vendor/lit.js";

/** Colour maps that the gateway draws with, by their names in its addresses. */
const MAPS = ["gray", "viridis", "magma", "inferno", "cividis"];

/** @typedef {{stretch: string, cmap: string}} Look Stretch, or `colour` for three bands; and the colour map, empty for grey. */

/**
 * The choices of a picture's look.
 * @param {Look} look @param {boolean} threeBands Whether three bands can be shown in colour.
 * @param {(change: Partial<Look>) => void} choose
 */
export function lookFields({ stretch, cmap }, threeBands, choose) {
  const name = (/** @type {string} */ one) => (one === "gray" ? "grey" : one);
  const maps = MAPS.flatMap((one) => [{ value: one === "gray" ? "" : one, words: name(one) }, { value: `${one}_r`, words: `${name(one)}, reversed` }]);
  return html`<label class="field">Picture<select @change=${(/** @type {any} */ e) => choose({ stretch: e.target.value })}>
      ${["asinh", "linear", "log", "sqrt"].map((one) => html`<option value=${one} .selected=${one === stretch}>${one}</option>`)}
      ${threeBands ? html`<option value="colour" .selected=${stretch === "colour"}>colour of three bands</option>` : nothing}</select></label>
    ${stretch === "colour" ? nothing : html`<label class="field">Colours<select @change=${(/** @type {any} */ e) => choose({ cmap: e.target.value })}>
      ${maps.map(({ value, words }) => html`<option value=${value} .selected=${value === cmap}>${words}</option>`)}</select></label>`}`;
}
