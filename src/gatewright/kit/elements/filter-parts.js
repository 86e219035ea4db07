/** The choice of a filter of candidates: a saved one, or a condition that is typed. */
import { html, nothing } from "../vendor/lit.js";

/** @typedef {import("../client/gateway.js").Gateway} Gateway */

/**
 * The saved filters that the person may use; an empty list if they cannot be read.
 * @param {Gateway} gateway @param {AbortSignal} signal @returns {Promise<any[]>}
 */
export function readFilters(gateway, signal) {
  return gateway.candidates.filters(signal).then((told) => told.filters, () => []);
}

/**
 * A list of saved filters to choose from.
 * @param {any[]} filters @param {string} chosen @param {(name: string) => void} choose
 */
export function filterList(filters, chosen, choose) {
  const known = filters.some(({ name }) => name === chosen);
  const change = (/** @type {any} */ event) => choose(event.target.value);
  return html`<label class="field">Filter <select name="filter" @change=${change}>
    <option value="" .selected=${!chosen}>All candidates</option>
    ${chosen && !known ? html`<option value=${chosen} .selected=${true}>${chosen}</option>` : nothing}
    ${filters.map(({ name, description, where }) => html`<option value=${name} title=${description || where} .selected=${name === chosen}>${name}</option>`)}
  </select></label>`;
}
