/** When to look at a job again: as soon as something happens to it, and now and then. */

const LOOK_MS = 30_000;
const LOOK_WITHOUT_EVENTS_MS = 5_000;

/** @param {unknown} subject @param {string} job An array's elements are its own. */
function isOf(subject, job) {
  return typeof subject === "string" && (subject === job || subject.startsWith(`${job}_`));
}

/** The moments at which a job may have changed, until the signal ends. */
export class JobChanges {
  /**
   * @param {import("./live.js").Live} live @param {string} system @param {string} id
   * @param {AbortSignal} signal
   */
  constructor(live, system, id, signal) {
    this._look = () => {};
    this._hears = false;
    this._signal = signal;
    /** Whether something has happened since this was made false. */
    this.happened = false;
    live.listen({
      hear: ({ data }) => { if (isOf(data.subject, `jobs/${system}/${id}`)) this._happen(); },
      tell: (state) => {
        this._hears = state !== "broken";
        if (state !== "open") this._happen();
      },
    }, signal);
  }

  _happen() {
    this.happened = true;
    this._look();
  }

  /** Resolves at the next change from now, when the time is over or when the signal ends. @param {number} [ms] @returns {Promise<void>} */
  next(ms = this._hears ? LOOK_MS : LOOK_WITHOUT_EVENTS_MS) {
    return new Promise((resolve) => {
      const look = () => (clearTimeout(timer), this._signal.removeEventListener("abort", look), resolve());
      const timer = setTimeout(look, ms);
      this._look = look;
      this._signal.addEventListener("abort", look, { once: true });
      if (this._signal.aborted) look();
    });
  }
}
