import { events, readText } from "./events.js";
import { JobChanges } from "./job-changes.js";
import { escapeName } from "./paths.js";

/** @typedef {{id: string, name: string, state: string, native_state: string, user: string,
 *   exit_code: number | null, submitted_at: string, started_at: string | null,
 *   ended_at: string | null, usage: any, [more: string]: any}} Job */

/** States in which a job may still change. */
export const ACTIVE_STATES = ["new", "queued", "held", "active"];

/**
 * Jobs of the systems.
 * @example
 * const job = await gateway.jobs.submit("local", "#!/bin/sh\necho hello\n");
 * const { state, exit_code } = await gateway.jobs.wait("local", job.id);
 * console.log(state, exit_code, await gateway.jobs.output("local", job.id));
 */
export class Jobs {
  /** @param {import("./http.js").Http} http @param {import("./live.js").Live} live Tells when a job changes. */
  constructor(http, live) {
    this._http = http;
    this._live = live;
  }

  /** The path of a system's jobs, of one or of a part of it. @param {string} system @param {string | number} [id] @param {string} [part] @returns {string} */
  path(system, id, part) {
    const rest = [id, part].filter((one) => one !== undefined).map((one) => `/${escapeName(String(one))}`);
    return `/api/v1/jobs/${escapeName(system)}${rest.join("")}`;
  }

  /**
   * Submits a job: a specification (an object), or the text of a script.
   * @param {string} system @param {Record<string, any> | string} job
   * @param {{idempotencyKey?: string, query?: Record<string, any>, signal?: AbortSignal}} [options]
   * @returns {Promise<Job>}
   */
  submit(system, job, { idempotencyKey, query, signal } = {}) {
    const body = typeof job === "string"
      ? { body: job, headers: { "Content-Type": "text/x-shellscript" } }
      : { json: job };
    return this._http.create(this.path(system), { ...body, query, signal, idempotencyKey: idempotencyKey ?? true });
  }

  /**
   * One page of jobs: `{jobs, next}`.
   * @param {string} system @param {Record<string, any>} [query] state, user, name, since, limit, cursor
   * @param {AbortSignal} [signal] @returns {Promise<{jobs: Job[], next: string | null}>}
   */
  page(system, query = {}, signal) {
    return this._http.json(this.path(system), { query, signal });
  }

  /** All jobs. @param {string} system @param {Record<string, any>} [query] @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<Job, void, undefined>} */
  list(system, query, signal) {
    return this._http.items(this.path(system), "jobs", { query, signal });
  }

  /** One job, with its specification. @param {string} system @param {string} id @param {AbortSignal} [signal] @returns {Promise<Job>} */
  get(system, id, signal) {
    return this._http.json(this.path(system, id), { signal });
  }

  /** Ends a job, or takes it off the queue. @param {string} system @param {string} id @returns {Promise<Job>} */
  cancel(system, id) {
    return this._http.json(this.path(system, id), { method: "DELETE" });
  }

  /** Keeps a job that waits from starting. @param {string} system @param {string} id @returns {Promise<Job>} */
  hold(system, id) {
    return this._http.create(this.path(system, id, "hold"), {});
  }

  /** Lets a held job start. @param {string} system @param {string} id @returns {Promise<Job>} */
  release(system, id) {
    return this._http.create(this.path(system, id, "release"), {});
  }

  /**
   * What a job has written so far. @param {string} system @param {string} id
   * @param {{stream?: "output" | "error", signal?: AbortSignal}} [options]
   * @returns {Promise<string>}
   */
  async output(system, id, { stream = "output", signal } = {}) {
    return (await this._http.request(this.path(system, id, stream), { signal })).text();
  }

  /**
   * Iterates over what a job writes, from its beginning until it ends. In a page it holds
   * no connection while nothing comes, however many follow.
   * @param {string} system @param {string} id
   * @param {{stream?: "output" | "error", signal?: AbortSignal, job?: Job | null}} [options]
   *   job: as it is now, if that is known.
   * @returns {AsyncGenerator<string, void, undefined>}
   */
  async *follow(system, id, { stream = "output", signal, job } = {}) {
    if (typeof document !== "undefined") {
      const { outputByLooks } = await import("./job-output.js");
      yield* outputByLooks(this._http, this, this._live, system, job ?? await this.get(system, id, signal), stream, signal);
      return;
    }
    const response = await this._http.request(this.path(system, id, stream), { query: { follow: true }, signal });
    yield* readText(response);
  }

  /**
   * Iterates over the events of one job, or of all of one's jobs.
   * @param {string} system @param {string} [id] @param {{signal?: AbortSignal, onopen?: () => void}} [options]
   * @returns {AsyncGenerator<import("./events.js").ServerEvent, void, undefined>}
   */
  events(system, id, options) {
    return id ? events(this._http, this.path(system, id, "events"), options) : events(this._http, "/api/v1/events", options);
  }

  /**
   * Waits until a job has ended and returns it. Any number of waits share one stream of
   * events, which the page's elements and the browser's other tabs use too.
   * @param {string} system @param {string} id @param {AbortSignal} [signal]
   * @returns {Promise<Job>}
   */
  async wait(system, id, signal) {
    const stop = new AbortController();
    const changes = new JobChanges(this._live, system, id, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
    try {
      for (;;) {
        const next = changes.next();
        const job = await this.get(system, id, signal);
        if (!ACTIVE_STATES.includes(job.state)) return job;
        await next;
        signal?.throwIfAborted();
      }
    } finally {
      stop.abort();
    }
  }

  /**
   * One's jobs that wait or run, how busy the system is, and a page of everyone's jobs.
   * @param {string} system @param {AbortSignal} [signal] @param {Record<string, any>} [query] @returns {Promise<any>}
   */
  queue(system, signal, query) {
    return this._http.json(`/api/v1/queue/${escapeName(system)}`, { query, signal });
  }
}
