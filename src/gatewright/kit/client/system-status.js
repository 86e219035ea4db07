/** Whether a system is up. It is a file of its own, as few pages ask. */
import { escapeName } from "./paths.js";

/** @typedef {import("./gateway.js").SystemStatus} SystemStatus */

const STALE_MS = 60_000;
/** @type {SystemStatus["status"][]} */
const STATUSES = ["up", "degraded", "down"];

/**
 * A system as its files and queue say, or worse if an incident says so.
 * @param {import("./http.js").Http} http @param {string} name @param {AbortSignal} [signal] @returns {Promise<SystemStatus>}
 */
export async function statusOf(http, name, signal) {
  const parts = await Promise.allSettled(["queue", "files", "status"].map((part) => http.json(`/api/v1/${part}/${escapeName(name)}`, { signal })));
  const [queue, files, told] = parts.map((one) => (one.status === "fulfilled" ? one.value : null));
  const failures = parts.slice(0, 2).flatMap((one) => (one.status === "rejected" && one.reason.status !== 404 ? [one.reason.message] : []));
  const stale = queue && Date.now() - Date.parse(queue.as_of) > STALE_MS;
  const found = failures.length === 2 ? "down" : failures.length || stale ? "degraded" : "up";
  const status = STATUSES[Math.max(...[found, told?.status].map((one) => STATUSES.indexOf(one)))];
  const incident = told?.incidents.find((/** @type {any} */ one) => one.phase === "current" && one.severity !== "info")?.title ?? "";
  const reason = failures[0] ?? (stale ? "The scheduler has not answered for a while." : status === "up" ? "" : incident);
  return { name, status, reason, queue, space: files?.space ?? null };
}
