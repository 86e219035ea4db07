/** One gateway and its families of resources. */
import { Accounts, Auth } from "./accounts.js";
import { Admin } from "./admin.js";
import { Candidates } from "./candidates.js";
import { Classifiers } from "./classifiers.js";
import { Datasets } from "./datasets.js";
import { events } from "./events.js";
import { Files } from "./files.js";
import { Http } from "./http.js";
import { Incidents } from "./incidents.js";
import { Jobs } from "./jobs.js";
import { Live } from "./live.js";
import { escapeName } from "./paths.js";
import { Products } from "./products.js";
import { Projects } from "./projects.js";
import { Sky } from "./sky.js";
import { Store } from "./store.js";
import { Uploads } from "./uploads.js";

/**
 * A client of one gateway; `gateway` in gw.js is that of the gateway that served the kit.
 * @example
 * const { title } = await gateway.about();
 * const other = new Gateway({ url: location.origin, token: "gw_..." }); // of another gateway
 * console.log(title, other.http.base);
 */
export class Gateway {
  /** @param {import("./http.js").Options} [options] */
  constructor(options) {
    this.http = new Http(options);
    this.live = new Live(this.http, typeof document === "undefined" ? undefined : () => this._isSomebody());
    this.auth = new Auth(this.http, () => this._another());
    this.files = new Files(this.http);
    this.uploads = new Uploads(this.files);
    this.commands = new Commands(this.http);
    this.jobs = new Jobs(this.http, this.live);
    this.accounts = new Accounts(this.http);
    this.admin = new Admin(this.http);
    this.products = new Products(this.http);
    this.projects = new Projects(this.http);
    this.status = new Status(this.http);
    this.incidents = new Incidents(this.http);
    this.store = new Store(this.http);
    this.datasets = new Datasets(this.http);
    this.sky = new Sky(this.http);
    this.candidates = new Candidates(this.http);
    this.classifiers = new Classifiers(this.http);
  }

  /** Whether there is anybody whose events can be followed: a page's visitor has none. */
  async _isSomebody() {
    return Boolean(this.http.token) || (await this.auth.session()).user !== null;
  }

  /** Another person is signed in: follow their events, and end the uploads of the one before. */
  _another() {
    this.live.restart();
    this.uploads.end();
  }

  /** What the gateway is: title, systems, faces, limits. @param {AbortSignal} [signal] @returns {Promise<any>} */
  about(signal) {
    return this.http.json("/api/v1", { signal });
  }

  /**
   * Iterates over everything that happens and that the caller may see.
   * @param {{signal?: AbortSignal, lastEventId?: string, onopen?: () => void}} [options]
   * @returns {AsyncGenerator<import("./events.js").ServerEvent, void, undefined>}
   */
  events(options) {
    return events(this.http, "/api/v1/events", options);
  }
}

/**
 * Commands that run at once.
 * @example
 * const { exit_code, stdout } = await gateway.commands.run("local", ["hostname"]);
 * console.log(exit_code, stdout);
 */
export class Commands {
  /** @param {Http} http */
  constructor(http) {
    this._http = http;
  }

  /**
   * Runs a command without a shell and returns `{exit_code, stdout, stderr}`.
   * @param {string} system @param {string[]} command Program and arguments.
   * @param {{signal?: AbortSignal, [more: string]: any}} [options]
   * @returns {Promise<{exit_code: number, stdout: string, stderr: string}>}
   */
  run(system, command, { signal, ...more } = {}) {
    return this._http.create(`/api/v1/command/${escapeName(system)}`, { json: { command, ...more }, signal });
  }
}

/**
 * @typedef {object} SystemStatus
 * @property {string} name @property {"up" | "degraded" | "down"} status @property {string} reason
 * @property {any} [queue] The answer of its queue. @property {{total: number, free: number} | null} [space] Room at home.
 */

/**
 * Which systems are up, as their files and queues say, or worse if an incident says so.
 * @example
 * for (const { name, status, reason } of await gateway.status.all()) console.log(name, status, reason);
 */
export class Status {
  /** @param {Http} http */
  constructor(http) {
    this._http = http;
  }

  /** All systems that have files. @param {AbortSignal} [signal] @returns {Promise<SystemStatus[]>} */
  async all(signal) {
    const { systems } = await this._http.json("/api/v1/files", { signal });
    return Promise.all(systems.map((/** @type {{name: string}} */ one) => this.system(one.name, signal)));
  }

  /** One system. @param {string} name @param {AbortSignal} [signal] @returns {Promise<SystemStatus>} */
  async system(name, signal) {
    const { statusOf } = await import("./system-status.js");
    return statusOf(this._http, name, signal);
  }
}
