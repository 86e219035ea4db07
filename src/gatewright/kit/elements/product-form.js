/** Fields of a form that select a survey's images by band and days. */
import { html, nothing } from "../vendor/lit.js";
import { between, daysOf } from "./days.js";
import { count } from "./format.js";

/** @typedef {{survey: string, band: string, time: string}} Selection */

/** Days from the zero of MJD to that of computers' time. */
const UNIX_MJD = 40587;

/** @param {string} time @param {(time: string) => void} change @param {boolean} [required] */
export function timeFields(time, change, required = false) {
  const [from, to] = daysOf(time);
  return html`<label class="field">From<input type="date" name="from" .value=${from} @change=${(/** @type {any} */ e) => change(between(e.target.value, to))}></label>
    <label class="field">To<input type="date" name="to" ?required=${required} .value=${to} @change=${(/** @type {any} */ e) => change(between(from, e.target.value))}></label>`;
}

/** @param {any} about The survey. @param {string} band @param {(band: string) => void} change */
export function bandField(about, band, change) {
  const bands = Object.keys(about?.bands ?? {});
  if (!bands.length && !band) return nothing;
  const all = bands.includes(band) || !band ? bands : [band, ...bands];
  return html`<label class="field">Band<select name="band" @change=${(/** @type {any} */ e) => change(e.target.value)}>${all.map((one) => html`<option ?selected=${one === band}>${one}</option>`)}</select></label>`;
}

/** @param {any[]} surveys @param {string} survey @param {(survey: string) => void} change */
export function surveyField(surveys, survey, change) {
  return html`<label class="field">Survey<select name="survey" @change=${(/** @type {any} */ e) => change(e.target.value)}>${surveys.map((one) => html`<option value=${one.id} ?selected=${one.id === survey}>${one.title || one.id}</option>`)}</select></label>`;
}

/** What a selection finds, in words. @param {{images: any[], next: string | null} | null} page Null before it is known. */
export function foundWords(page) {
  if (!page) return "";
  if (!page.images.length) return "No image here: choose other days, another band or another place";
  const days = page.images.map((one) => one.started_at?.slice(0, 10)).filter(Boolean);
  const span = days.length ? `, ${[...new Set([days[0], days.at(-1)])].join(" to ")}` : "";
  return `${page.next ? "more than " : ""}${count(page.images.length, "image")}${span}`;
}

/** The day of a time. @param {number} mjd */
const day = (mjd) => new Date((mjd - UNIX_MJD) * 86_400_000).toISOString().slice(0, 10);

/** From when to when a survey has images, in words. @param {any} about */
export function surveyDays(about) {
  if (!about?.t_min || !about.t_max) return "";
  return `The survey has images from ${day(about.t_min)} to ${day(about.t_max)}.`;
}

/** The last day of a survey's images, as a range of time; empty if unknown. @param {any} about */
export function lastDay(about) {
  return about?.t_max ? between(day(about.t_max), day(about.t_max)) : "";
}

/** A selection as the gateway takes it. @param {Selection} one */
export function selection({ survey, band, time }) {
  return { survey, ...(band ? { band } : {}), ...(time ? { time } : {}) };
}
