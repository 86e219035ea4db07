/** Server-sent events by fetch: unlike EventSource it can carry a token. */

/**
 * @typedef {object} ServerEvent
 * @property {string} id
 * @property {string} kind Such as `job.completed`.
 * @property {any} data The event's JSON value, or its text where it is none.
 */

const RETRY_MS = 2000;
const LONGEST_RETRY_MS = 30000;

/**
 * Iterates over a stream of events and comes back after a break, from the last one seen.
 * It ends when the gateway says that nothing more will come (204), as of a job that has ended.
 * @param {import("./http.js").Http} http
 * @param {string} path
 * @param {{query?: Record<string, any>, signal?: AbortSignal, lastEventId?: string,
 *          onopen?: () => void, onbreak?: (error: unknown) => void}} [options]
 * @returns {AsyncGenerator<ServerEvent, void, undefined>}
 */
export async function* events(http, path, options = {}) {
  let last = options.lastEventId ?? "";
  let wait = RETRY_MS;
  while (!options.signal?.aborted) {
    try {
      const response = await http.request(path, {
        query: options.query,
        signal: options.signal,
        headers: { Accept: "text/event-stream", ...(last ? { "Last-Event-ID": last } : {}) },
      });
      options.onopen?.();
      if (response.status === 204) return;
      for await (const event of readEvents(response)) {
        wait = RETRY_MS;
        if (event.id) last = event.id;
        yield event;
      }
    } catch (error) {
      if (options.signal?.aborted) return;
      if (!retryable(error)) throw error;
      options.onbreak?.(error);
    }
    await pause(wait, options.signal);
    wait = Math.min(wait * 2, LONGEST_RETRY_MS);
  }
}

/** Whether coming back later may help: after a break, or to a busy gateway. @param {any} error @returns {boolean} */
export function retryable(error) {
  return error.status === undefined || error.transient || error.status >= 500;
}

/** @param {number} ms @param {AbortSignal} [signal] @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}

/**
 * Iterates over the lines of an answer as they come; the end of a line is not in it.
 * @param {Response} response @returns {AsyncGenerator<string, void, undefined>}
 */
export async function* readLines(response) {
  let rest = "";
  for await (const text of readText(response)) {
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest) yield rest;
}

/**
 * Iterates over the text of an answer as it comes.
 * @param {Response} response @returns {AsyncGenerator<string, void, undefined>}
 */
export async function* readText(response) {
  if (!response.body) return;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/**
 * Reads an event stream (HTML standard, section 9.2.6).
 * @param {Response} response @returns {AsyncGenerator<ServerEvent, void, undefined>}
 */
export async function* readEvents(response) {
  let event = { id: "", kind: "message", data: /** @type {string[]} */ ([]) };
  for await (const line of readLines(response)) {
    if (line === "") {
      if (event.data.length) yield { id: event.id, kind: event.kind, data: value(event.data.join("\n")) };
      event = { id: event.id, kind: "message", data: [] };
    } else {
      take(event, line);
    }
  }
}

/** @param {{id: string, kind: string, data: string[]}} event @param {string} line */
function take(event, line) {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const text = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "data") event.data.push(text);
  else if (name === "event") event.kind = text;
  else if (name === "id" && !text.includes("\0")) event.id = text;
}

/** @param {string} text */
function value(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
