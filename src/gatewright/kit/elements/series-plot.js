/** The picture of a time series, on uPlot; loaded when there is one to draw. */
import { css, uPlot } from "../vendor/uplot.js";
import { figure } from "./format.js";
import { stepIn } from "./series.js";

export { css };

/** @typedef {import("./series.js").Series} Series */

/**
 * Draws a series, with its band where it has one.
 * @param {HTMLElement} place Where, in the colours that it has there. @param {Series} series
 * @param {number} width @param {number} height Pixels. @returns {any} The plot.
 */
export function plot(place, series, width, height) {
  const line = probe(place, "--gw-series-1");
  const step = stepIn(series);
  const real = !Number.isNaN(Date.parse(String(series.times[0])));
  const x = series.times.map((time, i) => { const at = Date.parse(String(time)); return Number.isNaN(at) ? i : at / 1000; });
  return new uPlot({
    width, height, tzDate: (ts) => uPlot.tzDate(new Date(ts * 1000), "Etc/UTC"),
    scales: { x: { time: real } },
    axes: axes(place, series, real),
    series: [
      { label: real ? "Time (UTC)" : "Step", value: (/** @type {any} */ _, /** @type {number | null} */ at) => (at === null ? "–" : real ? isoMinute(at) : String(at)) },
      { label: series.low ? "Mean" : "Value", stroke: line, width: 2, value: (_, value) => figure(value, step) },
      ...(series.low ? [edge("Mean − 1 σ", line, step), edge("Mean + 1 σ", line, step)] : []),
    ],
    bands: series.low ? [{ series: [3, 2], fill: fade(line) }] : [],
  }, /** @type {any} */ ([x, series.mean, ...(series.low ? [series.low, series.high] : [])]), place);
}

/** @param {HTMLElement} place @param {Series} series @param {boolean} real Whether times are moments. */
function axes(place, series, real) {
  const rule = { stroke: probe(place, "--gw-line"), width: 1 };
  const axis = { stroke: getComputedStyle(place).color, grid: rule, ticks: rule, font: "12px system-ui" };
  const words = (/** @type {any} */ _, /** @type {number[]} */ ticks, /** @type {number} */ __, /** @type {number} */ ___, /** @type {number} */ step) => ticks.map((tick, i) => tickWords(tick, ticks[i - 1], step));
  return [
    { ...axis, ...(real ? { values: words } : {}) },
    { ...axis, size: 72, label: series.units, labelFont: "12px system-ui", values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => figure(tick, Math.abs(ticks[1] - ticks[0]) || 0)) },
  ];
}

/** @param {string} label @param {string} stroke The line along an edge of the band. @param {number} step */
function edge(label, stroke, step) {
  return { label, stroke, width: 0.7, dash: [4, 3], value: (/** @type {any} */ _, /** @type {number} */ value) => figure(value, step) };
}

/** @param {number} seconds A moment as ISO 8601 in UTC, to the minute. */
function isoMinute(seconds) {
  return new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ");
}

/** @param {number} at @param {number | undefined} before The tick to its left. @param {number} step Seconds between ticks. */
function tickWords(at, before, step) {
  const [day, clock] = isoMinute(at).split(" ");
  if (step >= 86400 * 360) return day.slice(0, 4);
  if (step >= 86400 * 28) return day.slice(0, 7);
  if (step >= 86400) return day;
  return before !== undefined && isoMinute(before).startsWith(day) ? clock : `${clock}\n${day}`;
}

/** The colour that a token has here: a canvas does not read custom properties. @param {HTMLElement} place @param {string} token */
function probe(place, token) {
  const one = document.createElement("span");
  one.style.color = `var(${token})`;
  place.append(one);
  const { color } = getComputedStyle(one);
  one.remove();
  return color;
}

/** @param {string} colour `rgb(r, g, b)` */
function fade(colour) {
  return colour.replace(/^rgb\((.*)\)$/, "rgba($1, 0.2)");
}
