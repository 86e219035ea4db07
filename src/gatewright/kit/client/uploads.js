/** Uploads that go on whatever the page shows meanwhile. */

/** @typedef {{id: number, system: string, folder: string, name: string, sent: number, total: number, stop: AbortController,
 *             state: "waiting" | "sending" | "done" | "failed" | "stopped", message: string, code: string}} Upload */

/** A browser has six connections to a gateway; the page needs some for what it shows. */
const AT_ONCE = 3;

/**
 * The uploads of a page, three at a time; the event `change` is sent whenever one gets on,
 * `end` with each that ends.
 * @example
 * const file = new File(["hello"], "hello.txt");
 * const { home } = await gateway.files.system("local");
 * const { state } = await gateway.uploads.send("local", home, `${home}/hello.txt`, file);
 * console.log(state, gateway.uploads.open.length);
 */
export class Uploads extends EventTarget {
  /** @param {import("./files.js").Files} files */
  constructor(files) {
    super();
    this._files = files;
    /** @type {Upload[]} */
    this.all = [];
    this._number = 0;
    /** @type {(() => void)[]} */
    this._queue = [];
    this._sending = 0;
  }

  /** Those that have not ended. */
  get open() {
    return this.all.filter((one) => one.state === "waiting" || one.state === "sending");
  }

  /**
   * Sends a file; resolves when it is there, has failed or was stopped.
   * @param {string} system @param {string} folder @param {string} path Where it comes to. @param {File} file
   * @param {{create?: boolean}} [options] With `create` it replaces nothing.
   * @returns {Promise<Upload>}
   */
  async send(system, folder, path, file, options = {}) {
    const upload = /** @type {Upload} */ ({ id: (this._number += 1), system, folder, name: file.name, sent: 0, total: file.size, stop: new AbortController(), state: "waiting", message: "", code: "" });
    this.all = [...this.all, upload];
    this._tell();
    try {
      await this._turn(upload.stop.signal);
      await this._send(upload, path, file, options);
      [upload.state, upload.sent] = ["done", file.size];
    } catch (/** @type {any} */ error) {
      [upload.state, upload.message, upload.code] = error.name === "AbortError" ? ["stopped", "", ""] : ["failed", error.message, error.code ?? ""];
    }
    this._tell();
    this.dispatchEvent(new CustomEvent("end", { detail: upload }));
    return upload;
  }

  /** @param {Upload} upload @param {string} path @param {File} file @param {{create?: boolean}} options */
  async _send(upload, path, file, options) {
    upload.state = "sending";
    this._tell();
    try {
      await this._files.write(upload.system, path, file, {
        ...options,
        signal: upload.stop.signal,
        onprogress: (sent, total) => { [upload.sent, upload.total] = [sent, total]; this._tell(); },
      });
    } finally {
      const next = this._queue.shift();
      if (next) next();
      else this._sending -= 1;
    }
  }

  /** Resolves when one more may be sent, and counts it. @param {AbortSignal} signal @returns {Promise<void>} */
  async _turn(signal) {
    if (this._sending < AT_ONCE) this._sending += 1;
    else await this._wait(signal);
  }

  /** Waits until one that is sent ends and leaves its place. @param {AbortSignal} signal */
  async _wait(signal) {
    /** @type {() => void} */
    let go = () => {};
    const turn = new Promise((resolve, reject) => {
      go = () => resolve(null);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    this._queue.push(go);
    try {
      await turn;
    } finally {
      this._queue = this._queue.filter((one) => one !== go);
    }
  }

  /** Takes an upload that has ended off the list. @param {Upload} upload */
  forget(upload) {
    this.all = this.all.filter((one) => one !== upload);
    this._tell();
  }

  /** Takes those that have ended off the list. @param {Upload[]} [uploads] */
  clear(uploads = this.all) {
    const open = this.open;
    this.all = this.all.filter((one) => open.includes(one) || !uploads.includes(one));
    this._tell();
  }

  /** Stops all and forgets them, as another person may be signed in now. */
  end() {
    for (const one of this.open) one.stop.abort();
    this.all = [];
    this._tell();
  }

  _tell() {
    this.dispatchEvent(new CustomEvent("change"));
  }
}
