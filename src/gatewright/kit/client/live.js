/** One stream of events for all who listen, however many elements and tabs there are. */
import { followEvents, restartEvents } from "./shared-events.js";

/** @typedef {import("./events.js").ServerEvent} ServerEvent */

/**
 * @typedef {object} Listener
 * @property {(event: ServerEvent) => void} hear
 * @property {(state: "open" | "again" | "broken") => void} [tell] `open`: it is open
 *   already, and nothing will be missed. `again`: it has just been opened, and what was
 *   looked at before may have changed unheard.
 */

/**
 * What happens to all that is the caller's, as it happens: one stream for all who listen,
 * however many elements of a page and tabs of a browser there are.
 * @example
 * const stop = new AbortController();
 * gateway.live.listen({ hear: ({ kind, data }) => console.log(kind, data.subject) }, stop.signal);
 * await gateway.jobs.submit("local", { executable: "true" });
 * stop.abort();
 */
export class Live {
  /** @param {import("./http.js").Http} http @param {() => Promise<boolean>} [somebody] Whether anybody is signed in. */
  constructor(http, somebody) {
    this._http = http;
    this._somebody = somebody;
    /** @type {Set<Listener>} */
    this._listeners = new Set();
    /** @type {AbortController | null} */
    this._stop = null;
    /** @type {"" | "open" | "broken"} Empty until the gateway has answered. */
    this._state = "";
  }

  /** How many listen. */
  get listeners() {
    return this._listeners.size;
  }

  /** Listens until the signal ends. @param {Listener} listener @param {AbortSignal} signal */
  listen(listener, signal) {
    if (signal.aborted) return;
    this._listeners.add(listener);
    signal.addEventListener("abort", () => this._leave(listener), { once: true });
    if (!this._stop) this._run();
    else if (this._state) listener.tell?.(this._state);
  }

  /** Begins anew, as another person may be signed in now. */
  restart() {
    this._stop?.abort();
    this._stop = null;
    this._state = "";
    restartEvents(this._http);
    if (this._listeners.size) this._run();
  }

  /** @param {Listener} listener */
  _leave(listener) {
    this._listeners.delete(listener);
    if (this._listeners.size) return;
    this._stop?.abort();
    this._stop = null;
    this._state = "";
  }

  async _run() {
    const { signal } = (this._stop = new AbortController());
    /** @type {import("./shared-events.js").Hearer} */
    const hearer = {
      hear: (event) => { for (const listener of [...this._listeners]) listener.hear(event); },
      tell: (state) => { if (!signal.aborted) this._tell(state); },
    };
    try {
      // A visitor has no events: `restart` begins when somebody signs in.
      if (this._somebody && (!(await this._somebody()) || signal.aborted)) return;
      await followEvents(this._http, hearer, signal);
    } catch {
      // Refused: the next listener, or a sign-in, begins a new stream.
      if (signal.aborted) return;
      this._stop = null;
      this._tell("broken");
    }
  }

  /** @param {"open" | "again" | "broken"} state */
  _tell(state) {
    this._state = state === "broken" ? "broken" : "open";
    for (const listener of [...this._listeners]) listener.tell?.(state);
  }
}
