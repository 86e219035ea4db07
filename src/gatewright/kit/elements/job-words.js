/** The states of a job in the user's words, with an icon and a colour each. */
import { html } from "../vendor/lit.js";
import { ago, duration, secondsBetween } from "./format.js";
import { icon } from "./icons.js";

/** @type {Record<string, {word: string, look: string, icon: string}>} */
export const STATES = {
  new: { word: "Sent", look: "waiting", icon: "waiting" },
  queued: { word: "Waiting", look: "waiting", icon: "waiting" },
  held: { word: "Held", look: "held", icon: "held" },
  active: { word: "Running", look: "running", icon: "running" },
  completed: { word: "Done", look: "done", icon: "done" },
  failed: { word: "Failed", look: "failed", icon: "failed" },
  canceled: { word: "Canceled", look: "canceled", icon: "canceled" },
};

/** What the filter offers: a name, and the states that it means. */
export const GROUPS = [
  { id: "", word: "All", states: [] },
  { id: "waiting", word: "Waiting", states: ["new", "queued", "held"] },
  { id: "running", word: "Running", states: ["active"] },
  { id: "done", word: "Done", states: ["completed"] },
  { id: "failed", word: "Failed", states: ["failed"] },
  { id: "canceled", word: "Canceled", states: ["canceled"] },
];

/** @param {import("../client/jobs.js").Job} job @param {string} [part] */
export function stateWord(job, part = "state") {
  const state = STATES[job.state] ?? { word: job.state, look: "waiting", icon: "waiting" };
  return html`<span class="word ${state.look}" part=${part} title=${job.native_state ?? ""}>${icon(state.icon)}${state.word}</span>`;
}

/** @param {Record<string, number>} tasks How many elements of an array are in each state. */
export function taskWords(tasks) {
  const total = Object.values(tasks).reduce((sum, one) => sum + one, 0);
  const each = Object.entries(tasks).map(([state, count]) => `${count} ${(STATES[state]?.word ?? state).toLowerCase()}`);
  return `${total === 1 ? "1 element" : `${total} elements`}: ${each.join(", ")}`;
}

/** @param {import("../client/jobs.js").Job} job Since when it is in its state, or how it ended. */
export function stateNote(job) {
  if (job.state === "failed") return job.reason || (job.exit_code === null ? "" : `exit code ${job.exit_code}`);
  if (job.state === "queued" || job.state === "held") return job.reason || ago(job.submitted_at);
  if (job.state === "active") return `since ${ago(job.started_at).replace(" ago", "")}`;
  return ago(job.ended_at ?? job.submitted_at);
}

/** @param {import("../client/jobs.js").Job} job Time from start to end, or to now. */
export function elapsed(job) {
  return job.started_at ? duration(secondsBetween(job.started_at, job.ended_at)) : "";
}
