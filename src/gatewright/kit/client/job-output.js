/**
 * What a job writes, without a connection that stays open: a browser has six to a gateway
 * over HTTP/1.1, and ten tabs may each show a log. So what is new is asked for, often
 * while something comes and seldom while nothing does, and the events that all tabs share
 * tell when the job has ended.
 */
import { retryable } from "./events.js";
import { ACTIVE_STATES } from "./jobs.js";
import { JobChanges } from "./job-changes.js";
import { untilVisible } from "./shared-events.js";

const SOON_MS = 500;
const LATER_MS = 4_000;
/** Requests that may fail one after another: if a file grows while it is read, its answer ends early. */
const MOST_FAILURES = 4;

/**
 * Iterates over what a job writes, from its beginning until it ends. A hidden page sends
 * no requests.
 * @param {import("./http.js").Http} http @param {import("./jobs.js").Jobs} jobs
 * @param {import("./live.js").Live} live @param {string} system
 * @param {import("./jobs.js").Job} job As it is now.
 * @param {"output" | "error"} stream @param {AbortSignal} [given]
 * @returns {AsyncGenerator<string, void, undefined>}
 */
export async function* outputByLooks(http, jobs, live, system, job, stream, given) {
  const stop = new AbortController();
  const signal = given ? AbortSignal.any([given, stop.signal]) : stop.signal;
  try {
    yield* looks(http, jobs, live, system, job, stream, signal);
  } finally {
    stop.abort();
  }
}

/**
 * @param {import("./http.js").Http} http @param {import("./jobs.js").Jobs} jobs
 * @param {import("./live.js").Live} live @param {string} system @param {import("./jobs.js").Job} job
 * @param {"output" | "error"} stream @param {AbortSignal} signal
 */
async function* looks(http, jobs, live, system, job, stream, signal) {
  const { id } = job;
  const changes = new JobChanges(live, system, id, signal);
  const letters = new TextDecoder();
  const path = jobs.path(system, id, stream);
  let [at, wait, failures] = [0, SOON_MS, 0];
  for (;;) {
    changes.happened = false;
    const next = changes.next(wait);
    // First whether it has ended, then its bytes: so the last look misses none.
    const ended = !ACTIVE_STATES.includes(job.state);
    const before = at;
    try {
      // A job that waits has no file yet: to ask for it would be an error in the browser's console.
      if (ended || job.state === "active") {
        for await (const bytes of newBytes(http, path, at, ended, signal)) {
          at += bytes.length;
          yield letters.decode(bytes, { stream: true });
        }
      }
      if (ended) break;
      failures = 0;
    } catch (error) {
      failures += 1;
      if (signal.aborted || !retryable(error) || failures > MOST_FAILURES) throw error;
    }
    wait = at > before ? SOON_MS : Math.min(wait * 2, LATER_MS);
    await next;
    signal.throwIfAborted();
    if (document.hidden) await untilVisible(signal);
    if (changes.happened || wait >= LATER_MS) job = await jobs.get(system, id, signal);
  }
  yield letters.decode();
}

/**
 * What there is beyond the bytes that have been read.
 * @param {import("./http.js").Http} http @param {string} path @param {number} at
 * @param {boolean} ended @param {AbortSignal} signal
 * @returns {AsyncGenerator<Uint8Array, void, undefined>}
 */
async function* newBytes(http, path, at, ended, signal) {
  const response = await ask(http, path, at, ended, signal);
  const reader = response?.body?.getReader();
  if (!reader) return;
  // The byte before comes along, so that a range has always something.
  let skip = response?.status === 206 ? 1 : at;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const bytes = value.subarray(skip);
      skip = Math.max(0, skip - value.length);
      if (bytes.length) yield bytes;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** @param {import("./http.js").Http} http @param {string} path @param {number} at @param {boolean} ended @param {AbortSignal} signal */
async function ask(http, path, at, ended, signal) {
  try {
    if (at) return await http.request(path, { headers: { Range: `bytes=${at - 1}-` }, cache: "no-store", signal });
    // Of a job that has ended `follow` holds nothing, and has an empty answer where nothing was written.
    return await http.request(path, { query: ended ? { follow: true } : {}, cache: "no-store", signal });
  } catch (/** @type {any} */ error) {
    if (error.status === 404 && !ended) return null; // it has not written yet
    throw error;
  }
}
