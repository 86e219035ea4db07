/** Words for incidents, planned outages and notices. */
import { html, nothing } from "../vendor/lit.js";
import { exact, local } from "./format.js";
import { icon } from "./icons.js";

/** @typedef {import("../client/incidents.js").Incident} Incident */

export const KINDS = { incident: "Incident", outage: "Planned outage", notice: "Notice" };
export const SEVERITIES = { info: "Works", degraded: "Works in part or slowly", down: "Not usable" };
/** @type {Record<string, [string, string]>} Look and icon of a severity. */
const LOOKS = { info: ["waiting", "waiting"], degraded: ["held", "held"], down: ["failed", "failed"] };

/** @param {Incident} one What it is, with the look of its severity. */
export function kindWord(one) {
  const [look, sign] = LOOKS[one.severity] ?? LOOKS.info;
  return html`<span class="word ${look}">${icon(sign)}${KINDS[one.kind] ?? one.kind}</span>`;
}

/** @param {Incident} one What it concerns, in words. */
export function concerned(one) {
  return [...one.systems, ...one.services].join(", ") || "everything";
}

/** @param {Incident} one When it begins and ends, in the zone of who reads it. */
export function times(one) {
  const time = (/** @type {string} */ moment) => html`<time datetime=${moment} title=${exact(moment)}>${local(moment)}</time>`;
  const zone = (/** @type {string} */ moment) => new Date(moment).toLocaleTimeString("en", { timeZoneName: "short" }).split(" ").at(-1);
  const ends = one.ends_at;
  return html`${one.phase === "planned" ? "from" : "since"} ${time(one.begins_at)}${!ends || zone(ends) !== zone(one.begins_at) ? ` ${zone(one.begins_at)}` : ""}${ends ? html` until ${time(ends)} ${zone(ends)}` : nothing}`;
}
