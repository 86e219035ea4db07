/**
 * `data-gw-store="collection/key"` on an input, select or textarea: it shows a document
 * of the store and saves what a person makes of it. The document is the bare value. Its
 * state is the attribute `data-gw-state` (loading, ready, saving, saved, conflict,
 * error) and a note beside the field.
 *
 * Each event has `{collection, key}` and more in its detail. A key without a collection is
 * of the collection `page`. A guest's field begins no collection.
 *
 * @fires gw-store-load - `{value}`, when the document was read.
 * @fires gw-store-save - `{value}`, before it is saved (cancelable).
 * @fires gw-store-saved - `{value}`, after it was saved.
 * @fires gw-store-conflict - `{mine, theirs}`, when somebody else wrote in between.
 * @example
 * <label>Title of the campaign <input data-gw-store="campaign/title"></label>
 */
import { gateway } from "../client/page.js";

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Field */

const SAVE_AFTER_MS = 600;

/** Keeps one field and one document the same. */
export class StoreBinding {
  /** @param {Field} field */
  constructor(field) {
    this.field = field;
    const path = field.dataset.gwStore ?? "";
    const cut = path.indexOf("/");
    this.collection = cut < 0 ? "page" : path.slice(0, cut);
    this.key = path.slice(cut + 1);
    this.etag = "";
    this.note = document.createElement("span");
    this.note.className = "gw-store-note";
    this.note.setAttribute("role", "status");
    field.after(this.note);
    this._timer = 0;
    /** The value that was sent last, as JSON: to leave a field is no change of it. */
    this._tried = "";
    /** What the page has in the field where the store has nothing. */
    this._first = this.value;
    /** The value that the store or the page gave, as JSON: another one was typed. */
    this._given = JSON.stringify(this._first);
    this._turn = Promise.resolve();
    field.addEventListener("input", () => this._later());
    field.addEventListener("change", () => this._now());
    this.load();
  }

  /** The field's value as JSON has it. */
  get value() {
    const { field } = this;
    if (field instanceof HTMLInputElement) {
      if (field.type === "checkbox") return field.checked;
      if (field.type === "number" || field.type === "range") return field.value === "" ? null : field.valueAsNumber;
    }
    return field.value;
  }

  set value(value) {
    const { field } = this;
    if (field instanceof HTMLInputElement && field.type === "checkbox") field.checked = Boolean(value);
    else field.value = value === null || value === undefined ? "" : String(value);
  }

  /** Whether the field has what somebody typed and the store does not. */
  get _unsaved() {
    return JSON.stringify(this.value) !== this._given;
  }

  /** Reads the document, after whatever is being saved; what was typed meanwhile is kept. */
  load() {
    this._turn = this._turn.then(() => this._load());
    return this._turn;
  }

  async _load() {
    this._say("loading");
    const error = await this._read();
    if (!error || error.status === 404) this._say("ready");
    else this._say("error", error.status === 401 ? "Sign in to load and save this." : error.message);
    if (this._unsaved && error?.status !== 401) this._later();
    this._tell("load", { value: this.value });
  }

  /** Shows the documents of the person who is signed in; returns the error if they cannot be read. */
  async _read() {
    try {
      const { user } = await gateway.auth.session();
      if (!user) throw Object.assign(new Error("Nobody is signed in."), { status: 401 });
      const found = await gateway.store.get(this.collection, this.key);
      if (!this._unsaved) this._show(found.value, found.etag);
      return null;
    } catch (/** @type {any} */ error) {
      const none = error.status === 401 || error.status === 404;
      if (none && !this._unsaved) this._show(this._first, "");
      if (none) this.etag = "";
      return error;
    }
  }

  /** @param {any} value @param {string} etag */
  _show(value, etag) {
    [this.value, this.etag] = [value, etag];
    this._given = this._tried = JSON.stringify(this.value);
  }

  _later() {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this.save(), SAVE_AFTER_MS);
  }

  _now() {
    window.clearTimeout(this._timer);
    if (JSON.stringify(this.value) !== this._tried) this.save();
  }

  /** Saves the field's value, after whatever is being saved. */
  save() {
    this._turn = this._turn.then(() => this._save());
    return this._turn;
  }

  async _save() {
    const { value } = this;
    this._tried = JSON.stringify(value);
    if (!this._tell("save", { value }, true)) return;
    this._say("saving", "Saving …");
    try {
      if (!this.etag) await this._mayBegin();
      this.etag = await gateway.store.put(this.collection, this.key, value, this.etag ? { ifMatch: this.etag } : { create: true });
      this._given = JSON.stringify(value);
      this._say("saved", "Saved");
      this._tell("saved", { value });
    } catch (/** @type {any} */ error) {
      if (error.status === 412 || error.status === 409) await this._conflict();
      else this._say("error", error.message);
    }
  }

  /**
   * Refuses where a guest's field would begin its collection: a name belongs to whoever
   * uses it first, and a page's fields are of whose page it is.
   */
  async _mayBegin() {
    const { role } = await gateway.auth.session();
    if (role !== "guest") return;
    await gateway.store.page(this.collection, { limit: 1 }).catch((error) => {
      if (error.status !== 404) throw error;
      throw new Error(`The collection “${this.collection}” does not exist yet: the owner of this page has to save here first, and share it.`);
    });
  }

  /** Somebody else wrote in between: shows theirs, and lets the person choose. */
  async _conflict() {
    const theirs = await gateway.store.get(this.collection, this.key).catch(() => null);
    if (!theirs) {
      this.etag = "";
      this._say("conflict", "This was deleted elsewhere.", [["Save mine", () => this.save()]]);
      return;
    }
    this._tell("conflict", { mine: this.value, theirs: theirs.value });
    this._say("conflict", `Changed elsewhere to “${theirs.value}”.`, [
      ["Keep mine", () => ((this.etag = theirs.etag), this.save())],
      ["Take theirs", () => (this._show(theirs.value, theirs.etag), this._say("ready"))],
    ]);
  }

  /** @param {string} state @param {string} [text] @param {[string, () => any][]} [choices] */
  _say(state, text = "", choices = []) {
    this.field.dataset.gwState = state;
    this.note.dataset.state = state;
    const buttons = choices.map(([word, act]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = word;
      button.addEventListener("click", act);
      return button;
    });
    this.note.replaceChildren(text, ...buttons);
  }

  /** @param {string} name @param {any} detail @param {boolean} [cancelable] */
  _tell(name, detail, cancelable = false) {
    const all = { collection: this.collection, key: this.key, ...detail };
    return this.field.dispatchEvent(new CustomEvent(`gw-store-${name}`, { detail: all, bubbles: true, composed: true, cancelable }));
  }
}

/** Binds the fields of a part of a page, and those that come later. @param {Document | ShadowRoot} root */
export function bindStore(root) {
  /** @type {Map<Element, StoreBinding>} */
  const bound = new Map();
  const bind = () => {
    for (const field of root.querySelectorAll("[data-gw-store]")) {
      if (!bound.has(field)) bound.set(field, new StoreBinding(/** @type {Field} */ (field)));
    }
    for (const field of bound.keys()) if (!field.isConnected) bound.delete(field);
  };
  bind();
  new MutationObserver(bind).observe(root, { childList: true, subtree: true });
  window.addEventListener("gw-session", () => bound.forEach((binding) => binding.load()));
}
