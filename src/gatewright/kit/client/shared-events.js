/**
 * One stream of events for all tabs of a browser.
 *
 * A browser has six connections to a gateway over HTTP/1.1, and a stream holds one for as
 * long as it lasts. So one tab holds the stream (Web Locks) and tells the others what comes
 * (BroadcastChannel); when it is closed, another goes on from the last event.
 */
import { events } from "./events.js";

/** @typedef {import("./events.js").ServerEvent} ServerEvent */
/** @typedef {"open" | "again" | "broken"} State As in `Listener.tell`. */
/** @typedef {{hear: (event: ServerEvent) => void, tell: (state: State) => void}} Hearer */
/**
 * @typedef {{kind: "event", event: ServerEvent} | {kind: "state", state: State}
 *   | {kind: "hello"} | {kind: "restart"}} Message What tabs say to one another.
 */

const PATH = "/api/v1/events";

/**
 * Follows the events of the person who is signed in, until the signal aborts.
 * @param {import("./http.js").Http} http @param {Hearer} hearer @param {AbortSignal} signal
 * @returns {Promise<void>} Rejects when the gateway refuses the stream.
 */
export function followEvents(http, hearer, signal) {
  if (isShared(http)) return new Tab(http, hearer, signal).follow();
  return typeof document === "undefined" ? stream(http, hearer, signal) : streamWhileVisible(http, hearer, signal);
}

/**
 * Makes the tabs begin their stream anew, as another person may be signed in now.
 * @param {import("./http.js").Http} http
 */
export function restartEvents(http) {
  if (!isShared(http)) return;
  const channel = new BroadcastChannel(nameOf(http));
  channel.postMessage({ kind: "restart" });
  channel.close();
}

/**
 * Whether tabs can share a stream: only with a session, since a token belongs to one page.
 * Browsers have locks in secure contexts only (https, or this machine).
 * @param {import("./http.js").Http} http
 */
function isShared(http) {
  return typeof document !== "undefined" && typeof BroadcastChannel !== "undefined"
    && Boolean(globalThis.navigator?.locks) && !http.token && new URL(http.base).origin === location.origin;
}

/** @param {import("./http.js").Http} http */
function nameOf(http) {
  return `gatewright events of ${http.base}`;
}

/** A tab among those that share the stream. */
class Tab {
  /** @param {import("./http.js").Http} http @param {Hearer} hearer @param {AbortSignal} signal */
  constructor(http, hearer, signal) {
    this._http = http;
    this._hearer = hearer;
    this._signal = signal;
    this._channel = new BroadcastChannel(nameOf(http));
    this._last = "";
    /** @type {State | ""} State that this tab last sent while it held the stream. */
    this._state = "";
    this._again = new AbortController();
  }

  async follow() {
    const { _signal: signal, _channel: channel } = this;
    signal.addEventListener("abort", () => channel.close(), { once: true });
    channel.addEventListener("message", ({ data }) => this._take(data));
    channel.postMessage({ kind: "hello" });
    try {
      await navigator.locks.request(nameOf(this._http), { signal }, () => this._hold());
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      channel.close();
    }
  }

  /** Holds the stream until the signal aborts, and passes its events to all tabs. */
  async _hold() {
    while (!this._signal.aborted) {
      this._again = new AbortController();
      const signal = AbortSignal.any([this._signal, this._again.signal]);
      const hearer = {
        hear: (/** @type {ServerEvent} */ event) => this._tell({ kind: "event", event }),
        tell: (/** @type {State} */ state) => this._tell({ kind: "state", state }),
      };
      await stream(this._http, hearer, signal, this._last);
    }
  }

  /** Sends a message to the other tabs, and handles it in this one. @param {Message} message */
  _tell(message) {
    if (this._signal.aborted) return;
    this._channel.postMessage(message);
    if (message.kind === "state") this._state = message.state === "broken" ? "broken" : "open";
    this._take(message);
  }

  /** Handles a message of a tab. @param {Message} message */
  _take(message) {
    if (this._signal.aborted) return;
    if (message.kind === "event") {
      this._last = message.event.id || this._last;
      this._hearer.hear(message.event);
    } else if (message.kind === "state") {
      this._hearer.tell(message.state);
    } else if (message.kind === "restart") {
      this._last = "";
      this._again.abort();
    } else if (this._state) {
      this._channel.postMessage({ kind: "state", state: this._state });
    }
  }
}

/**
 * Follows by a stream of one's own.
 * @param {import("./http.js").Http} http @param {Hearer} hearer @param {AbortSignal} signal
 * @param {string} [lastEventId]
 */
async function stream(http, hearer, signal, lastEventId = "") {
  const options = {
    signal, lastEventId,
    onopen: () => hearer.tell("again"),
    onbreak: () => hearer.tell("broken"),
  };
  for await (const event of events(http, PATH, options)) hearer.hear(event);
}

/**
 * Follows by a stream of one's own while the page is seen: tabs that cannot share leave
 * the connections to the one in front.
 * @param {import("./http.js").Http} http @param {Hearer} hearer @param {AbortSignal} signal
 */
async function streamWhileVisible(http, hearer, signal) {
  while (!signal.aborted) {
    const hidden = new AbortController();
    const look = () => { if (document.hidden) hidden.abort(); };
    document.addEventListener("visibilitychange", look);
    try {
      if (!document.hidden) await stream(http, hearer, AbortSignal.any([signal, hidden.signal]));
    } finally {
      document.removeEventListener("visibilitychange", look);
    }
    await untilVisible(signal);
  }
}

/** Resolves when the page is seen, or the signal ends. @param {AbortSignal} signal @returns {Promise<void>} */
export function untilVisible(signal) {
  return new Promise((resolve) => {
    if (signal.aborted || !document.hidden) return resolve();
    const stop = new AbortController();
    const done = () => (stop.abort(), resolve());
    signal.addEventListener("abort", done, { once: true, signal: stop.signal });
    document.addEventListener("visibilitychange", () => document.hidden || done(), { signal: stop.signal });
  });
}
