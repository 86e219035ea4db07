import { escapeName, escapePath, join } from "./paths.js";

/** @typedef {{name: string, path: string, type: string, size: number,
 *             modified_at: string, mode: string, owner: string, group: string, [more: string]: any}} Entry */

/**
 * Files of the systems. A path is written as in a URL: `%XX` is a byte, and everything
 * else is itself.
 * @example
 * const { home } = await gateway.files.system("local");
 * const folder = `${home.replace(/[/]$/, "")}/notes`;
 * await gateway.files.mkdir("local", folder, { parents: true });
 * await gateway.files.write("local", `${folder}/first.txt`, "hello");
 * for await (const { name, size } of gateway.files.list("local", folder)) console.log(name, size);
 * console.log(await (await gateway.files.read("local", `${folder}/first.txt`)).text());
 * await gateway.files.remove("local", folder, { recursive: true });
 */
export class Files {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** The path of a file in the API. @param {string} system @param {string} path @returns {string} */
  path(system, path) {
    return `/api/v1/files/${escapeName(system)}/${escapePath(path).replace(/^\/+/, "")}`;
  }

  /** The systems that have files. @param {AbortSignal} [signal] @returns {Promise<{systems: {name: string, home: string}[]}>} */
  systems(signal) {
    return this._http.json("/api/v1/files", { signal });
  }

  /** Where home is on a system, and how much room there is. @param {string} system @param {AbortSignal} [signal]
   * @returns {Promise<{name: string, home: string, space: {total: number, free: number} | null}>} */
  system(system, signal) {
    return this._http.json(`/api/v1/files/${escapeName(system)}`, { signal });
  }

  /** The address of a file's bytes, for a link or an image. @param {string} system @param {string} path */
  url(system, path) {
    return this._http.url(this.path(system, path));
  }

  /**
   * One page of a folder: `{entries, next}`.
   * @param {string} system @param {string} path
   * @param {{limit?: number, cursor?: string | null, signal?: AbortSignal}} [options]
   * @returns {Promise<{entries: Entry[], next: string | null}>}
   */
  page(system, path, { signal, ...query } = {}) {
    return this._http.json(folder(this.path(system, path)), { query, signal });
  }

  /**
   * All entries of a folder.
   * @param {string} system @param {string} path @param {AbortSignal} [signal]
   * @returns {AsyncGenerator<Entry, void, undefined>}
   */
  list(system, path, signal) {
    return this._http.items(folder(this.path(system, path)), "entries", { signal });
  }

  /** What is known of one file or folder. @param {string} system @param {string} path @param {AbortSignal} [signal] @returns {Promise<Entry>} */
  stat(system, path, signal) {
    return this._http.json(this.path(system, path), { query: { view: "stat" }, signal });
  }

  /** The checksum of a file's bytes. @param {string} system @param {string} path @param {string} [algorithm] @returns {Promise<any>} */
  checksum(system, path, algorithm = "sha256") {
    return this._http.json(this.path(system, path), { query: { view: "checksum", algorithm } });
  }

  /** The last lines of a text file. @param {string} system @param {string} path @param {number} [lines] @returns {Promise<string>} */
  async tail(system, path, lines = 100) {
    return (await this._http.request(this.path(system, path), { query: { view: "tail", lines } })).text();
  }

  /**
   * A file's bytes; `.text()`, `.blob()` and `.body` read them.
   * @param {string} system @param {string} path
   * @param {{range?: string, signal?: AbortSignal}} [options] range such as `bytes=0-99`
   * @returns {Promise<Response>}
   */
  read(system, path, { range, signal } = {}) {
    return this._http.request(this.path(system, path), { signal, headers: range ? { Range: range } : {} });
  }

  /**
   * Writes a whole file; it appears when all of it is on disk, or not at all.
   * @param {string} system @param {string} path @param {Blob | string} content
   * @param {import("./upload.js").UploadOptions} [options]
   */
  async write(system, path, content, options) {
    const { upload } = await import("./upload.js");
    return upload(this._http, this.path(system, path), content, options);
  }

  /** Does an operation of the API that has no method here. @param {string} system @param {string} path @param {Record<string, any>} operation
   * @returns {Promise<any>} */
  operate(system, path, operation) {
    return this._http.create(this.path(system, path), { json: operation });
  }

  /** Makes a folder; with `parents` those above it too, and one that is there is well.
   * @param {string} system @param {string} path @param {{parents?: boolean}} [options] */
  mkdir(system, path, { parents = false } = {}) {
    return this.operate(system, path, { op: "mkdir", parents });
  }

  /** Renames a file or folder, or moves it elsewhere on its system. @param {string} system @param {string} path @param {string} to */
  move(system, path, to) {
    return this.operate(system, path, { op: "move", destination: escapePath(to) });
  }

  /** Copies a file on its system. @param {string} system @param {string} path @param {string} to */
  copy(system, path, to) {
    return this.operate(system, path, { op: "copy", destination: escapePath(to) });
  }

  /** Deletes a file, or a folder: an empty one, or with `recursive` all that is in it.
   * @param {string} system @param {string} path @param {{recursive?: boolean}} [options] */
  remove(system, path, { recursive } = {}) {
    return this._http.json(this.path(system, path), { method: "DELETE", query: { recursive: recursive || null } });
  }
}

/** @param {string} path */
function folder(path) {
  return join(path, "");
}
