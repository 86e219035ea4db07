/** The picture of how an allocation is used up, with the fan of its forecast. */
import { nothing, svg } from "../vendor/lit.js";
import { ticksOf } from "./light-curve-plot.js";

/** @typedef {import("./burn-down.js").BurnDown} BurnDown */

const DAY_MS = 86_400_000;
const LEFT = 64;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 24;

/** @param {BurnDown} found @param {number} width @param {number} height Pixels. */
export function drawBurnDown({ past, coming, top }, width, height) {
  const days = [...past, ...coming].map(([day]) => Date.parse(day) / DAY_MS);
  if (!days.length || width < LEFT + RIGHT + 20) return nothing;
  const [from, to] = [Math.min(...days), Math.max(Math.min(...days) + 1, ...days)];
  const x = (/** @type {string} */ day) => LEFT + ((Date.parse(day) / DAY_MS - from) / (to - from)) * (width - LEFT - RIGHT);
  // Below nothing left there is nothing to draw.
  const y = (/** @type {number} */ value) => TOP + ((top - Math.max(0, value)) / top) * (height - TOP - BOTTOM);
  const line = (/** @type {[string, number][]} */ points) => points.map(([day, value]) => `${x(day).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const low = /** @type {[string, number][]} */ (coming.map(([day, value]) => [day, value]));
  const middle = /** @type {[string, number][]} */ (coming.map(([day, , value]) => [day, value]));
  const high = /** @type {[string, number][]} */ (coming.map(([day, , , value]) => [day, value]));
  const ticks = ticksOf(from, to, Math.max(2, Math.floor((width - LEFT) / 120))).filter(Number.isInteger);
  return svg`<svg viewBox="0 0 ${width} ${height}" width=${width} height=${height} aria-hidden="true">
    ${ticksOf(0, top, 4).map((value) => svg`<line class="grid" x1=${LEFT} x2=${width - RIGHT} y1=${y(value)} y2=${y(value)}/><text x=${LEFT - 6} y=${y(value) + 4} text-anchor="end">${value.toLocaleString("en", { maximumSignificantDigits: 4 })}</text>`)}
    ${ticks.map((day) => { const text = new Date(day * DAY_MS).toISOString().slice(0, 10); return svg`<text x=${Math.max(LEFT, Math.min(x(text), width - 34))} y=${height - 6} text-anchor="middle">${text}</text>`; })}
    <polygon class="fan" points=${line([...high, ...low.reverse()])}/>
    <polyline class="past" points=${line(past)}/><polyline class="middle" points=${line(middle)}/>
  </svg>`;
}
