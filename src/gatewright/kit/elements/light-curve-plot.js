/** The picture of a light curve: points with their errors, limits, and where the field's time runs. */
import { nothing, svg } from "../vendor/lit.js";

/**
 * @typedef {object} Point As `/lightcurve` gives it.
 * @property {string} image @property {number | null} mjd @property {string | null} time @property {boolean} time_assumed
 * @property {string | null} band @property {number | null} flux @property {number | null} flux_error
 * @property {number | null} upper_limit @property {string | null} reason
 * @property {number | null} magnitude @property {number | null} magnitude_error @property {number | null} magnitude_limit
 * @property {number | null} zero_point @property {string} system @property {string | null} catalogue
 */

const LEFT = 76;
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
 * A point on an axis: its value with its error, or the limit where nothing is seen. A magnitude has one of both, a flux may have both.
 * @typedef {{ point: Point, mjd: number, value: number | null, error: number, limit: number | null }} Mark
 */

/** Points that have a time and a place on an axis: “flux” or “magnitude”. @param {Point[]} points @param {string} axis @returns {Mark[]} */
export function marksOf(points, axis) {
  return points.flatMap((point) => {
    const { mjd, magnitude, magnitude_error: wide, magnitude_limit: faintest, flux, flux_error: error, upper_limit: limit } = point;
    const mark = axis === "magnitude" ? { value: magnitude ?? null, error: wide ?? 0, limit: faintest ?? null } : { value: flux, error: error ?? 0, limit: flux === null ? null : limit };
    return mjd === null || (mark.value === null && mark.limit === null) ? [] : [{ point, mjd, ...mark }];
  });
}

/** The photometric systems of points with a zero point, in order. @param {Point[]} points @returns {string[]} */
export function systemsOf(points) {
  return [...new Set(points.filter(({ zero_point: zero }) => typeof zero === "number").map(({ system }) => system))].sort();
}

/**
 * Draws points by their time, with their flux or their magnitude upwards. Bright is above on both: magnitudes count downwards.
 * @param {Point[]} points @param {number} width @param {number} height Pixels.
 * @param {number | null} mark MJD that a line marks.
 * @param {string} axis “flux” or “magnitude”.
 */
export function drawCurve(points, width, height, mark, axis = "flux") {
  const marks = marksOf(points, axis);
  if (!marks.length || width < LEFT + RIGHT + 20) return nothing;
  const times = [...marks.map(({ mjd }) => mjd), ...(mark === null ? [] : [mark])];
  const ends = marks.flatMap(({ value, error, limit }) => [...(value === null ? [] : [value - error, value + error]), ...(limit === null ? [] : [limit])]);
  const [from, to] = padded(Math.min(...times), Math.max(...times), 0.04, 0.02);
  const faint = axis === "magnitude";
  if (!faint) ends.push(0);
  const [low, high] = padded(Math.min(...ends), Math.max(...ends), 0.06, 1);
  const x = (/** @type {number} */ mjd) => LEFT + ((mjd - from) / (to - from)) * (width - LEFT - RIGHT);
  const y = (/** @type {number} */ value) => TOP + ((faint ? value - low : high - value) / (high - low)) * (height - TOP - BOTTOM);
  const days = ticksOf(from, to, Math.max(2, Math.floor((width - LEFT) / 110)));
  const step = days.length > 1 ? days[1] - days[0] : to - from;
  const values = ticksOf(low, high, Math.max(2, Math.floor((height - TOP - BOTTOM) / 36)));
  const size = Math.max(Math.abs(low), Math.abs(high));
  const words = (/** @type {number} */ value) => (value !== 0 && (size >= 1e5 || size < 1e-2) ? value.toExponential(1).replace("e+", "e") : String(Number(value.toPrecision(4))));
  const bands = bandsOf(marks.map(({ point }) => point));
  const middle = TOP + (height - TOP - BOTTOM) / 2;
  return svg`<svg class="curve" viewBox="0 0 ${width} ${height}" width=${width} height=${height} aria-hidden="true">
    ${values.map((value) => svg`<line class=${value === 0 && !faint ? "zero" : "grid"} x1=${LEFT} x2=${width - RIGHT} y1=${y(value)} y2=${y(value)}/><text x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${words(value)}</text>`)}
    ${days.map((day) => svg`<line class="grid" x1=${x(day)} x2=${x(day)} y1=${TOP} y2=${height - BOTTOM}/><text x=${Math.min(x(day), width - 34)} y=${height - BOTTOM + 16} text-anchor="middle">${moment(day, step)}</text>`)}
    ${mark === null ? nothing : svg`<line class="mark" x1=${x(mark)} x2=${x(mark)} y1=${TOP} y2=${height - BOTTOM}/>`}
    ${marks.map((one) => drawn(one, x, y, bands.indexOf(one.point.band ?? "")))}
    <text x=${(LEFT + width - RIGHT) / 2} y=${height - 4} text-anchor="middle">Time (UTC)</text>
    <text class="axis" transform="translate(12 ${middle}) rotate(-90)" text-anchor="middle">${faint ? `Magnitude (${systemsOf(points).join(", ")})` : "Flux (counts)"}</text>
  </svg>`;
}

/** @param {number} low @param {number} high @param {number} share @param {number} least @returns {[number, number]} */
function padded(low, high, share, least) {
  const room = Math.max((high - low) * share, high > low ? 0 : least / 2);
  return [low - room, high + room];
}

/** @param {Mark} mark @param {(mjd: number) => number} x @param {(value: number) => number} y @param {number} band */
function drawn({ point, mjd, value, error, limit }, x, y, band) {
  const [at, top] = [x(mjd), limit === null ? 0 : y(limit)];
  const reading = value === null ? `fainter than ${limit?.toPrecision(4)}` : `${value.toPrecision(4)} ± ${error.toPrecision(2)}`;
  const words = [point.time?.slice(0, 16).replace("T", " "), point.time_assumed ? "(assumed)" : "", point.band, reading];
  const circle = value === null ? nothing : svg`<line x1=${at} x2=${at} y1=${y(value - error)} y2=${y(value + error)}/><circle cx=${at} cy=${y(value)} r=${limit === null ? 4 : 3}/>`;
  const triangle = limit === null ? nothing : svg`<path d="M${at - 4} ${top}h8l-4 7z"/>`;
  return svg`<g class="series-${(band % SERIES) + 1} ${limit === null ? "" : "limit"}"><title>${words.filter(Boolean).join(" ")}</title>${circle}${triangle}</g>`;
}
