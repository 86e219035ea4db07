/** What the values over a box become as a time series; loaded when a place is chosen. */
import { latitude, longitude } from "./format.js";
import { areaWeights } from "./grid.js";

/** @typedef {{times: (number | string)[], mean: number[], low: number[] | null, high: number[] | null,
 *             lowest: number, highest: number, units: string}} Series */

/**
 * The mean over the box by area, then mean and standard deviation over the members.
 * @param {import("./grid.js").Block} block @param {string} units Those of the variable. @returns {Series}
 */
export function seriesOf(block, units) {
  const kinds = block.axes.map((axis) => axis.kind);
  const times = block.axes[kinds.indexOf("time")].values;
  const members = kinds.includes("member") ? block.axes[kinds.indexOf("member")].values.length : 1;
  const means = areaMeans(block, kinds, members);
  const rows = times.map((_, i) => means.slice(i * members, (i + 1) * members).filter((one) => !Number.isNaN(one)));
  const mean = rows.map((row) => row.reduce((a, b) => a + b, 0) / row.length);
  const spread = rows.map((row, i) => deviation(row, mean[i]));
  const banded = members > 1;
  const known = mean.filter((one) => !Number.isNaN(one));
  return {
    times, mean, units: block.units || units,
    lowest: known.reduce((a, b) => Math.min(a, b), Infinity),
    highest: known.reduce((a, b) => Math.max(a, b), -Infinity),
    low: banded ? mean.map((one, i) => one - spread[i]) : null,
    high: banded ? mean.map((one, i) => one + spread[i]) : null,
  };
}

/**
 * The mean over the box of each time and member, members running fastest.
 * @param {import("./grid.js").Block} block @param {string[]} kinds Of its axes. @param {number} members
 */
function areaMeans(block, kinds, members) {
  const [t, m, y] = ["time", "member", "lat"].map((kind) => kinds.indexOf(kind));
  const sizes = block.axes.map((axis) => axis.values.length);
  const weights = y < 0 ? [1] : areaWeights(block.axes[y].values.map(Number));
  const total = Array.from({ length: sizes[t] * members }, () => [0, 0]);
  block.values.forEach((value, flat) => {
    if (Number.isNaN(value)) return;
    const at = indices(flat, sizes);
    const weight = weights[y < 0 ? 0 : at[y]];
    const cell = total[at[t] * members + (m < 0 ? 0 : at[m])];
    cell[0] += value * weight;
    cell[1] += weight;
  });
  return total.map(([sum, weight]) => sum / weight);
}

/** @param {number} flat @param {number[]} sizes */
function indices(flat, sizes) {
  const at = new Array(sizes.length);
  for (let axis = sizes.length - 1; axis >= 0; axis -= 1) [at[axis], flat] = [flat % sizes[axis], Math.floor(flat / sizes[axis])];
  return at;
}

/**
 * The sample standard deviation, as `stat=spread` of a subset has it.
 * @param {number[]} row @param {number} mean
 */
function deviation(row, mean) {
  return Math.sqrt(row.reduce((a, b) => a + (b - mean) ** 2, 0) / (row.length - 1));
}

/** The smallest difference that matters in a series: a hundredth of its spread or range. @param {Series} series */
export function stepIn(series) {
  const range = (series.highest - series.lowest) / 100;
  const spreads = (series.high ?? []).map((high, i) => high - series.mean[i]).filter((one) => one > 0);
  const least = spreads.reduce((a, b) => Math.min(a, b), Infinity) / 100;
  const steps = [range, least].filter((one) => Number.isFinite(one) && one > 0);
  return steps.length ? Math.min(...steps) : 0;
}

/** A series as a table of text, for other programs: all digits, times in ISO 8601. @param {Series} series */
export function csvOf(series) {
  const names = series.high ? ["time", "mean", "standard_deviation"] : ["time", "value"];
  const rows = series.mean.map((mean, i) => [series.times[i], mean, ...(series.high ? [series.high[i] - mean] : [])]);
  const cell = (/** @type {number | string} */ one) => (Number.isNaN(one) ? "" : String(one));
  return [names, ...rows].map((row) => `${row.map(cell).join(",")}\n`).join("");
}

/** The place in words. @param {[number, number, number, number]} bounds */
export function placeOf([west, south, east, north]) {
  if (west === east && south === north) return ` at ${latitude(south)} ${longitude(west)}`;
  return `, mean of the box ${latitude(south)} to ${latitude(north)}, ${longitude(west)} to ${longitude(east)}`;
}
