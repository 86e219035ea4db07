/** The picture of a light curve: points with their errors, limits, and where the field's time runs. */
import { nothing, svg } from "../vendor/lit.js";

/**
 * @typedef {object} Point As `/lightcurve` gives it.
 * @property {string} image @property {number | null} mjd @property {string | null} time @property {boolean} time_assumed
 * @property {string | null} band @property {number | null} flux @property {number | null} flux_error
 * @property {number | null} upper_limit @property {string | null} reason
 * @property {number | null} magnitude @property {number | null} magnitude_error @property {number | null} magnitude_limit
 * @property {number | null} zero_point @property {string} system
 */

const LEFT = 64;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 36;
const DAY = 86400000;
const SERIES = 4;

/** The bands of points, in order. @param {Point[]} points @returns {string[]} */
export function bandsOf(points) {
  return [...new Set(points.map(({ band }) => band ?? ""))].sort();
}

/** Round numbers that span a range, about so many. @param {number} low @param {number} high @param {number} wanted @returns {number[]} */
export function ticksOf(low, high, wanted) {
  const raw = (high - low) / wanted || 1;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = ([1, 2, 5].find((one) => one * power >= raw) ?? 10) * power;
  const first = Math.ceil(low / step);
  return Array.from({ length: Math.max(0, Math.floor(high / step + 1e-9) - first + 1) }, (_, i) => (first + i) * step);
}

/** A moment of MJD as the day, or with the clock where a picture spans few days. @param {number} mjd @param {number} step Days. */
function moment(mjd, step) {
  const text = new Date((mjd - 40587) * DAY).toISOString();
  return step >= 1 ? text.slice(0, 10) : text.slice(5, 16).replace("T", " ");
}

/**
 * Draws points that have a time and a flux.
 * @param {Point[]} points @param {number} width @param {number} height Pixels.
 * @param {number | null} mark MJD that a line marks.
 */
export function drawCurve(points, width, height, mark) {
  const known = points.filter(({ mjd, flux }) => mjd !== null && flux !== null);
  if (!known.length || width < LEFT + RIGHT + 20) return nothing;
  const times = [...known.map(({ mjd }) => /** @type {number} */ (mjd)), ...(mark === null ? [] : [mark])];
  const ends = known.flatMap(({ flux, flux_error: error, upper_limit: limit }) => [/** @type {number} */ (flux) - (error ?? 0), /** @type {number} */ (flux) + (error ?? 0), ...(limit === null ? [] : [limit])]);
  const [from, to] = padded(Math.min(...times), Math.max(...times), 0.04, 0.02);
  const [low, high] = padded(Math.min(0, ...ends), Math.max(0, ...ends), 0.06, 1);
  const x = (/** @type {number} */ mjd) => LEFT + ((mjd - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (/** @type {number} */ flux) => TOP + ((high - flux) / (high - low)) * (height - TOP - BOTTOM);
  const days = ticksOf(from, to, Math.max(2, Math.floor((width - LEFT) / 110)));
  const step = days.length > 1 ? days[1] - days[0] : to - from;
  const fluxes = ticksOf(low, high, Math.max(2, Math.floor((height - TOP - BOTTOM) / 36)));
  const size = Math.max(Math.abs(low), Math.abs(high));
  const words = (/** @type {number} */ flux) => (flux !== 0 && (size >= 1e5 || size < 1e-2) ? flux.toExponential(1).replace("e+", "e") : String(Number(flux.toPrecision(4))));
  const bands = bandsOf(known);
  return svg`<svg class="curve" viewBox="0 0 ${width} ${height}" width=${width} height=${height} aria-hidden="true">
    ${fluxes.map((flux) => svg`<line class=${flux === 0 ? "zero" : "grid"} x1=${LEFT} x2=${width - RIGHT} y1=${y(flux)} y2=${y(flux)}/><text x=${LEFT - 6} y=${y(flux) + 4} text-anchor="end">${words(flux)}</text>`)}
    ${days.map((day) => svg`<line class="grid" x1=${x(day)} x2=${x(day)} y1=${TOP} y2=${height - BOTTOM}/><text x=${Math.min(x(day), width - 34)} y=${height - BOTTOM + 16} text-anchor="middle">${moment(day, step)}</text>`)}
    ${mark === null ? nothing : svg`<line class="mark" x1=${x(mark)} x2=${x(mark)} y1=${TOP} y2=${height - BOTTOM}/>`}
    ${known.map((point) => one(point, x, y, bands.indexOf(point.band ?? "")))}
    <text x=${(LEFT + width - RIGHT) / 2} y=${height - 4} text-anchor="middle">Time (UTC)</text>
  </svg>`;
}

/** @param {number} low @param {number} high @param {number} share @param {number} least @returns {[number, number]} */
function padded(low, high, share, least) {
  const room = Math.max((high - low) * share, high > low ? 0 : least / 2);
  return [low - room, high + room];
}

/** @param {Point} point @param {(mjd: number) => number} x @param {(flux: number) => number} y @param {number} band */
function one(point, x, y, band) {
  const [at, flux, error] = [x(/** @type {number} */ (point.mjd)), /** @type {number} */ (point.flux), point.flux_error ?? 0];
  const series = `series-${(band % SERIES) + 1}`;
  const bar = svg`<line x1=${at} x2=${at} y1=${y(flux - error)} y2=${y(flux + error)}/>`;
  const title = svg`<title>${[point.time?.slice(0, 16).replace("T", " "), point.time_assumed ? "(assumed)" : "", point.band, `${flux.toPrecision(4)} ± ${error.toPrecision(2)}`].filter(Boolean).join(" ")}</title>`;
  if (point.upper_limit === null) return svg`<g class=${series}>${title}${bar}<circle cx=${at} cy=${y(flux)} r="4"/></g>`;
  const top = y(point.upper_limit);
  return svg`<g class="${series} limit">${title}${bar}<circle cx=${at} cy=${y(flux)} r="3"/><path d="M${at - 4} ${top}h8l-4 7z"/></g>`;
}
