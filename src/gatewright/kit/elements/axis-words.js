/** Values of axes in words, and the field in which a date is written. */
import { html, nothing } from "../vendor/lit.js";

/** @typedef {import("./grid.js").Axis} Axis */

/** @param {string} kind @param {number | string} value @param {string} units */
export function labelOf(kind, value, units) {
  if (value === undefined) return "";
  if (kind === "time") return String(value).replace("T", " ").replace(/(:\d\d)(:\d\d(\.\d+)?)?Z?$/, "$1");
  return kind === "level" ? `${value} ${units}`.trim() : String(value);
}

/**
 * A field for a date beside the slider of times: the time nearest to what is written is
 * chosen. Returns nothing for calendars that browsers do not support.
 * @param {Axis} axis @param {number} index @param {(value: string) => void} choose
 */
export function dateField({ values }, index, choose) {
  const times = values.map((value) => Date.parse(`${String(value).replace(/Z$/, "")}Z`));
  if (times.some(Number.isNaN)) return nothing;
  const daily = values.every((value) => /T00:00:00(\.0+)?Z?$/.test(String(value)));
  const length = daily ? 10 : 16;
  const written = times.map((time) => new Date(time).toISOString().slice(0, length));
  const [first, last] = [Math.min(...times), Math.max(...times)].map((time) => new Date(time).toISOString().slice(0, length));
  const change = (/** @type {any} */ event) => {
    const wanted = Date.parse(`${event.target.value}${daily ? "T00:00" : ""}Z`);
    if (!Number.isNaN(wanted)) choose(String(values[nearest(times, wanted)]));
  };
  return html`<input aria-label="Date" class="date" type=${daily ? "date" : "datetime-local"} min=${first} max=${last} .value=${written[index] ?? ""} @change=${change}>`;
}

/** @param {number[]} all @param {number} wanted */
function nearest(all, wanted) {
  return all.reduce((best, one, i) => (Math.abs(one - wanted) < Math.abs(all[best] - wanted) ? i : best), 0);
}
