import { css, html, nothing, repeat } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { ask } from "./dialog.js";
import { count, exact, local, size } from "./format.js";
import { icon } from "./icons.js";
import { table } from "./styles.js";

/** A collection is made with its first document: until then it is an empty one. @param {any} error */
function emptyIfAbsent(error) {
  if (error.status !== 404) throw error;
  return { items: [], next: null };
}

/**
 * `<gw-documents>`: the collections of the store, the documents of one, or one document.
 * Needs the scope `store`.
 *
 * @attr {string} collection - Collection whose documents are shown; without it all collections
 *   are listed. A collection that does not exist is shown as an empty one.
 * @attr {string} key - The document that is shown.
 * @attr {string} prefix - Only documents whose key begins with this.
 * @fires gw-navigate - `{collection, key}`, before they are opened (cancelable).
 * @fires gw-delete - `{collection, key}`, before the document is deleted (cancelable).
 * @fires gw-changed - `{collection, key}`, after the document was saved.
 * @slot empty - Shown in place of an empty list.
 * @csspart table - The table.
 * @csspart document - The form of one document.
 * @example
 * <gw-documents collection="campaign"></gw-documents>
 */
export class GwDocuments extends GwElement {
  static properties = {
    collection: { reflect: true }, key: { reflect: true }, prefix: {}, items: { state: true }, next: { state: true },
    text: { state: true }, etag: { state: true }, note: { state: true },
  };

  static scope = "store";

  static styles = [GwElement.styles, table, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    form { display: grid; gap: 12px; }
    textarea { inline-size: 100%; min-block-size: 320px; }
    .name { font-family: var(--gw-mono); overflow-wrap: anywhere; }
    td.preview { color: var(--gw-muted); max-inline-size: 420px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    .wrong { color: var(--gw-failed); }
    @container (max-width: 600px) { td.preview { max-inline-size: 90cqi; } h2.grow { flex-basis: 100%; } }
  `];

  constructor() {
    super();
    this.collection = "";
    this.key = "";
    this.prefix = "";
    /** @type {any[] | null} */
    this.items = null;
    /** @type {string | null} */
    this.next = null;
    this.text = "";
    this.etag = "";
    this.note = "";
    this._latest = {};
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["collection", "key", "prefix"].some((name) => changed.has(name))) {
      this.items = null;
      this.note = "";
      this.reload();
    }
  }

  async reload() {
    const asked = this._ask();
    if (this.key) return this._loadDocument(asked);
    const page = await this.load(() => this._page(null).catch(emptyIfAbsent));
    if (page && asked === this._latest) [this.items, this.next] = [page.items, page.next];
  }

  /** Shows the next page below what is shown. */
  async more() {
    const asked = this._ask();
    const page = await this.attempt(() => this._page(this.next));
    if (page && asked === this._latest) [this.items, this.next] = [[...(this.items ?? []), ...page.items], page.next];
  }

  /** Marks a question; the answer to the latest alone is shown. */
  _ask() {
    return (this._latest = {});
  }

  /** @param {string | null} cursor */
  async _page(cursor) {
    const options = { cursor, signal: this.signal };
    const page = this.collection
      ? await this.gateway.store.page(this.collection, { ...options, prefix: this.prefix })
      : await this.gateway.store.collections(options);
    return { items: this.collection ? page.documents : page.collections, next: page.next };
  }

  /** @param {object} asked */
  async _loadDocument(asked) {
    const found = await this.load(() => this.gateway.store.get(this.collection, this.key, this.signal));
    if (asked !== this._latest) return;
    this.items = [];
    if (found) [this.text, this.etag] = [JSON.stringify(found.value, null, 2), found.etag];
  }

  /** Opens a collection or a document. @param {string} collection @param {string} [key] */
  open(collection, key = "") {
    if (this.announce("navigate", { collection, key }, true)) [this.collection, this.key] = [collection, key];
  }

  /** Asks for a key, and makes an empty document of it. */
  async add() {
    const collection = this.collection || (await ask({ title: "New collection", field: "Name of the collection", action: "Go on" }));
    if (!collection) return;
    const key = await ask({ title: `New document in “${collection}”`, field: "Key", action: "Make the document" });
    if (!key) return;
    const etag = await this.attempt(() => this.gateway.store.put(collection, key, {}, { create: true }));
    if (etag !== null) this.open(collection, key);
  }

  /** Saves the document that is open. */
  async save() {
    let value;
    try {
      value = JSON.parse(this.text);
    } catch (/** @type {any} */ error) {
      this.note = `This is not JSON yet: ${error.message}`;
      return;
    }
    this.note = "";
    const etag = await this.attempt(() => this.gateway.store.put(this.collection, this.key, value, { ifMatch: this.etag }));
    if (etag === null) return this._refused("saved");
    [this.etag, this.note] = [etag, "Saved"];
    this.announce("changed", { collection: this.collection, key: this.key });
  }

  /** Tells why beside the text, which stays: to try again is to press the button again. @param {string} what */
  _refused(what) {
    const { status, message, requestId } = this.error ?? {};
    this.error = null;
    this.note = status === 412
      ? "Somebody else changed this document after you opened it. Copy what you wrote, load it again, and put your change in."
      : `It was not ${what}. ${message}${requestId ? ` (Request ${requestId})` : ""}`;
  }

  /** Deletes the document that is open, after a question. */
  async erase() {
    const { collection, key } = this;
    if (!this.announce("delete", { collection, key }, true)) return;
    if ((await ask({ title: `Delete “${key}”?`, text: "The document is deleted for good.", action: "Delete", danger: true })) === null) return;
    const done = await this.attempt(async () => (await this.gateway.store.remove(collection, key, { ifMatch: this.etag }), true));
    if (done) this.open(collection);
    else this._refused("deleted");
  }

  render() {
    if (this.denied) return this.renderDenied();
    const path = this.gateway.store.path(this.collection || undefined, this.key || undefined);
    return html`
      <div class="bar">
        <h2 class="grow name">${this.key || this.collection || "Collections"}</h2>
        <button class="quiet square" aria-label="Load again" @click=${this.reload}>${icon("again")}</button>
        ${this.renderCode({ url: this.gateway.http.url(path) })}
        ${this.key ? nothing : html`<button @click=${this.add}>${icon("plus")} New document</button>`}
      </div>
      ${this.renderError()}
      ${this.items === null ? (this.error ? nothing : this.renderLoading()) : this.key ? (this.error ? nothing : this._document()) : this._list(this.items)}`;
  }

  _document() {
    const wrong = this.note && this.note !== "Saved";
    return html`<form part="document" @submit=${(/** @type {Event} */ e) => { e.preventDefault(); this.save(); }}>
      <label class="field">Document (JSON)<textarea spellcheck="false" .value=${this.text} @input=${(/** @type {any} */ e) => { this.text = e.target.value; this.note = ""; }}></textarea></label>
      <div class="bar"><button class="primary">Save</button><button type="button" class="danger" @click=${this.erase}>Delete</button>
        <span role="status" class=${wrong ? "wrong" : "muted"}>${this.note}</span></div>
    </form>`;
  }

  /** @param {any[]} items */
  _list(items) {
    if (!items.length) {
      return this.error ? nothing : html`<div class="panel">${this.renderEmpty(this.collection ? "No documents here" : "No collections yet", "The store keeps JSON documents: settings of a page, notes, results, votes. Scripts and pages write them, and so can you.")}</div>`;
    }
    return html`<div class="panel"><table part="table">
      <thead><tr><th>${this.collection ? "Key" : "Name"}</th>${this.collection ? html`<th>Document</th>` : html`<th>Owner</th>`}<th class="number">Size</th><th>${this.collection ? "Changed" : "Made"}</th></tr></thead>
      <tbody @keydown=${walkRows}>${repeat(items, (one) => one.key ?? one.name, (one) => this._row(one))}</tbody></table></div>
      <div class="bar small muted"><span>${count(items.length, this.collection ? "document" : "collection")}${this.next ? " shown" : ""}</span>
      ${this.next ? html`<button @click=${this.more}>Show more</button>` : nothing}</div>`;
  }

  /** @param {any} one */
  _row(one) {
    const name = this.collection ? one.key : one.name;
    const value = this.collection ? JSON.stringify(one.document) : one.owner;
    const changed = one.modified_at ?? one.created_at;
    return html`<tr class="row">
      <td class="wide"><button class="link name" data-row @click=${() => (this.collection ? this.open(this.collection, name) : this.open(name))}>${icon(this.collection ? "file" : "store")} ${name}</button></td>
      <td class="wide ${this.collection ? "preview mono" : ""}">${value}</td>
      <td class="number mono">${one.documents === undefined ? size(JSON.stringify(one.document).length) : count(one.documents, "document")}</td>
      <td class="mono"><time title=${exact(changed)}>${local(changed)}</time></td>
    </tr>`;
  }
}
