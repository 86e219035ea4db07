import { escapeName, join, parent, readable } from "../client/paths.js";
import { css, html, nothing } from "../vendor/lit.js";
import { GwElement, walkRows } from "./base.js";
import { Chunks } from "./chunks.js";
import { Columns, grips } from "./columns.js";
import { ask } from "./dialog.js";
import { count, exact, local, size } from "./format.js";
import { icon } from "./icons.js";
import { after, anew } from "./pages.js";
import { permissions } from "./permissions.js";
import { table } from "./styles.js";

/** @typedef {import("../client/files.js").Entry} Entry */

const SHOWN_AS_TEXT = 65536;
const HEADS = ["Name", "Size", "Changed", "Owner", "Mode"];
const PICTURES = /\.(png|jpe?g|gif|webp)$/i;

/**
 * `<gw-files>`: the files of a system. Needs the scope `files:read`, and `files:write` for
 * what changes them.
 *
 * @attr {string} system - Name of the system, by default `local`.
 * @attr {string} path - The folder that is shown, written as in a URL; `~` is home.
 * @attr {boolean} upload - Offer to upload, by button and by dragging.
 * @attr {boolean} readonly - Without changing anything.
 * @attr {number} limit - Entries that come at first, by default 200.
 * @property {Entry[] | null} entries - The entries that are shown.
 * @fires gw-navigate - `{system, path}`, before the folder is opened (cancelable).
 * @fires gw-upload - `{system, path, files}`, before they are sent (cancelable).
 * @fires gw-mkdir - `{name}`, before the folder is made (cancelable).
 * @fires gw-rename - `{entry, to}`, before it is renamed (cancelable).
 * @fires gw-delete - The entry, before it is deleted (cancelable).
 * @fires gw-changed - `{system, path}` of the folder, after something in it was changed.
 * @slot empty - Shown in an empty folder.
 * @csspart table - The table.
 * @csspart path - The folders on the way.
 * @csspart uploads - What is being sent, where the page has no `gw-uploads`.
 * @csspart preview - The file that is shown.
 * @example
 * <gw-files upload></gw-files>
 */
export class GwFiles extends GwElement {
  static properties = {
    system: {}, path: { reflect: true }, upload: { type: Boolean }, readonly: { type: Boolean }, limit: { type: Number },
    entries: { attribute: false }, next: { state: true }, over: { state: true },
    shown: { state: true }, text: { state: true },
  };

  static scope = "files:read";

  static styles = [GwElement.styles, table, grips, css`
    :host { display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); position: relative; }
    nav ol { align-items: center; display: flex; flex-wrap: wrap; gap: 2px; list-style: none; margin: 0; padding: 0; }
    nav li { align-items: center; display: inline-flex; max-inline-size: 100%; }
    nav button { min-block-size: 28px; padding: 2px 6px; }
    nav button, .entry { font-family: var(--gw-mono); }
    nav span.here { font-family: var(--gw-mono); font-weight: 600; overflow-wrap: anywhere; padding: 2px 6px; }
    .entry { align-items: center; display: inline-flex; gap: 8px; overflow-wrap: anywhere; }
    td.actions { text-align: end; white-space: nowrap; }
    td.mono { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
    td.actions button, td.actions a { min-block-size: 28px; }
    .drop { align-items: center; background: color-mix(in srgb, var(--gw-accent-soft) 88%, transparent); border: 2px dashed var(--gw-accent); border-radius: var(--gw-corner); display: grid; font-weight: 600; inset: 0; justify-items: center; position: absolute; z-index: 5; pointer-events: none; }
    table { table-layout: fixed; }
    col.size { inline-size: 104px; }
    col.changed { inline-size: 164px; }
    col.owner, col.mode { inline-size: 112px; }
    col.actions { inline-size: 136px; }
    .split { align-items: start; display: grid; gap: 12px; grid-template-columns: minmax(0, 1fr); }
    .preview { display: grid; gap: 8px; grid-template-columns: minmax(0, 1fr); padding: 12px; }
    .preview img { background: #000; border-radius: 4px; max-block-size: 420px; max-inline-size: 100%; object-fit: contain; }
    .preview pre { background: var(--gw-sunk); border-radius: 4px; margin: 0; max-block-size: 420px; overflow: auto; padding: 8px; }
    .preview h3 { font-family: var(--gw-mono); overflow-wrap: anywhere; }
    @container (min-width: 900px) { .split.two { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); } }
    @container (max-width: 1440px) { .split.two :is(.mode, .owner, .grip) { display: none; } }
    .split .small { margin-block-start: 8px; }
    @container (max-width: 860px) { th.mode, td.mode, col.mode, th.owner, td.owner, col.owner { display: none; } }
    @container (max-width: 600px) {
      nav.grow { flex-basis: 100%; }
      tr.row { align-items: center; }
      td.wide { grid-column: 1; }
      td.actions { grid-column: 2; grid-row: 1; }
      td.mono:not(.number) { text-align: end; }
    }
  `];

  constructor() {
    super();
    this.system = "local";
    this.path = "~";
    this.upload = false;
    this.readonly = false;
    this.limit = 200;
    /** @type {Entry[] | null} */
    this.entries = null;
    /** @type {string | null} */
    this.next = null;
    this.over = false;
    /** @type {Entry | null} */
    this.shown = null;
    this.text = "";
    /** @type {Promise<void> | null} */
    this._finding = null;
    this._asked = Promise.resolve(false);
    /** @type {import("./pages.js").Ask<Entry> | null} */
    this._latest = null;
    this._chunks = new Chunks(this, 6);
    this._columns = new Columns(this, "files", HEADS);
  }

  connectedCallback() {
    super.connectedCallback();
    this.gateway.uploads.addEventListener("end", (event) => this._uploaded(/** @type {CustomEvent} */ (event).detail), { signal: this.signal });
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (["system", "path", "limit"].some((name) => changed.has(name))) {
      this.shown = null;
      this.entries = null;
      this._latest = null;
      this._chunks.reset();
      this.reload();
    }
  }

  async reload() {
    if (this.path.startsWith("~")) return (this._finding = this._goHome());
    const ask = this._asker();
    const page = await this.load(() => anew({ items: this.entries, next: this.next }, this.limit, ask));
    if (page && ask === this._latest) [this.entries, this.next] = [page.items, page.next];
  }

  async _goHome() {
    const { system } = this;
    const { home } = (await this.load(() => this.gateway.files.system(system, this.signal))) ?? {};
    // Meanwhile the page may have chosen another folder or system.
    if (home && system === this.system && this.path.startsWith("~")) this.path = join(home, this.path.slice(2)).replace(/(?<=.)\/$/, "");
  }

  /** Shows the next page below what is shown. */
  async more() {
    const ask = this._asker();
    const shown = { items: this.entries ?? [], next: this.next };
    const page = await this.attempt(() => after(shown, this.limit, ask));
    if (page && ask === this._latest) [this.entries, this.next] = [page.items, page.next];
  }

  /** Asks for parts of the folder; it is the latest to be made whose answers are shown. */
  _asker() {
    const { system, path, signal } = this;
    this._latest = async (/** @type {{limit: number, cursor?: string | null}} */ part) => {
      const { entries, next } = await this.gateway.files.page(system, path, { ...part, signal });
      return { items: entries, next };
    };
    return this._latest;
  }

  /** Shows another folder. @param {string} path */
  open(path) {
    if (this.announce("navigate", { system: this.system, path }, true)) this.path = path || "/";
  }

  /** Asks for a name, and makes a folder of it. */
  async mkdir() {
    const name = await ask({ title: "New folder", field: "Name", action: "Make the folder" });
    const folder = name && (await this._folder());
    if (folder) await this._change("mkdir", { name }, () => this.gateway.files.mkdir(this.system, join(folder, escapeName(name))));
  }

  /** Asks for a new name of a file or folder. @param {Entry} entry */
  async rename(entry) {
    const name = await ask({ title: `Rename “${entry.name}”`, field: "New name", value: entry.name, action: "Rename" });
    if (!name || name === entry.name) return;
    const to = join(parent(entry.path), escapeName(name));
    await this._change("rename", { entry, to }, () => this.gateway.files.move(this.system, entry.path, to), entry);
  }

  /** Deletes a file or folder, after a question. @param {Entry} entry */
  async erase(entry) {
    const folder = entry.type === "directory";
    if (!this.announce("delete", entry, true)) return;
    const sure = await ask({
      title: `Delete “${entry.name}”?`,
      text: folder ? "The folder and everything in it are deleted for good." : "The file is deleted for good.",
      action: "Delete", danger: true,
    });
    if (sure === null) return;
    await this._change("", entry, () => this.gateway.files.remove(this.system, entry.path, { recursive: folder }), entry);
  }

  /** @param {string} name @param {any} detail @param {() => Promise<any>} work @param {Entry} [gone] What is not at its path any more. */
  async _change(name, detail, work, gone) {
    if (name && !this.announce(name, detail, true)) return;
    const done = await this.attempt(async () => (await work(), true));
    if (!done) return;
    if (gone && this.shown?.path === gone.path) this.shown = null;
    this.announce("changed", { system: this.system, path: this.path });
    await this.reload();
  }

  /** Uploads files into the folder that is shown. @param {Iterable<File>} files */
  async send(files) {
    const all = [...files]; // a drop's list is empty after its event
    const { system } = this;
    const folder = await this._folder();
    if (!folder) return;
    await Promise.all(all.map((file) => this._send(system, folder, file)));
  }

  /** The folder that is shown, once it is known where home is; null if that cannot be known. */
  async _folder() {
    if (this.path.startsWith("~")) await this._finding;
    return this.path.startsWith("~") ? null : this.path;
  }

  /**
   * Asks before a file is replaced: the list may be old, or only the first entries of a
   * long folder, so what is not in it may only be created.
   * @param {string} system @param {string} folder @param {File} file
   */
  async _send(system, folder, file) {
    if (!this.announce("upload", { file, path: folder }, true)) return;
    const { uploads } = this.gateway;
    const path = join(folder, escapeName(file.name));
    const send = (/** @type {boolean} */ create) => uploads.send(system, folder, path, file, { create });
    const listed = folder === this.path && this.entries?.some((entry) => entry.name === file.name);
    if (!listed) {
      const upload = await send(true);
      if (upload.code !== "precondition-failed") return;
      uploads.forget(upload);
    }
    if (await this._mayReplace(file)) await send(false);
  }

  /** Asks about one file after another. @param {File} file @returns {Promise<boolean>} */
  _mayReplace({ name }) {
    const question = { title: `Replace “${name}”?`, text: "There is a file of this name in the folder.", action: "Replace it", danger: true };
    this._asked = this._asked.then(async () => (await ask(question)) !== null);
    return this._asked;
  }

  /** Shows what has come, if it came here; several at once are one look. @param {import("../client/uploads.js").Upload} upload */
  async _uploaded(upload) {
    if (upload.system !== this.system) return;
    if (upload.state === "done") this.announce("changed", { system: upload.system, path: upload.folder });
    const more = this.gateway.uploads.open.some((one) => one.system === upload.system && one.folder === upload.folder);
    if (!more && upload.folder === this.path) await this.reload();
  }

  /** Shows a file beside the list, or hides it again. @param {Entry} entry */
  async preview(entry) {
    this.shown = this.shown?.path === entry.path ? null : entry;
    this.text = "";
    if (!this.shown || PICTURES.test(entry.name) || !entry.size) return;
    const text = await this.attempt(async () => {
      const range = `bytes=0-${SHOWN_AS_TEXT - 1}`;
      const bytes = await (await this.gateway.files.read(this.system, entry.path, { range, signal: this.signal })).arrayBuffer();
      return new TextDecoder().decode(bytes, { stream: true }); // a letter that the range cuts is left out
    });
    if (this.shown === entry) this.text = text ?? "";
  }

  render() {
    if (this.denied) return this.renderDenied();
    return html`
      <div @dragover=${this._drag} @dragleave=${() => (this.over = false)} @drop=${this._drop}>${this._toolbar()}</div>
      ${this.renderError()}
      ${document.querySelector("gw-uploads") ? nothing : html`<gw-uploads .gateway=${this.gateway} system=${this.system} exportparts="uploads"></gw-uploads>`}
      <div class="split ${this.shown ? "two" : ""}" @dragover=${this._drag} @dragleave=${() => (this.over = false)} @drop=${this._drop}>
        ${this.entries === null ? (this.error ? nothing : html`<div class="panel">${this.renderLoading()}</div>`) : this._list(this.entries)}
        ${this.shown ? this._preview(this.shown) : nothing}
      </div>
      ${this.over ? html`<div class="drop">${icon("up")} Drop to upload here</div>` : nothing}`;
  }

  _toolbar() {
    const change = this._mayChange;
    return html`<div class="bar">
      <nav class="grow" part="path" aria-label="Folder"><ol>${this._crumbs()}</ol></nav>
      <button class="quiet square" aria-label="Load again" @click=${this.reload}>${icon("again")}</button>
      ${this.renderCode({ url: this.gateway.files.url(this.system, join(this.path, "")) })}
      ${change ? html`<button @click=${this.mkdir}>${icon("plus")} New folder</button>` : nothing}
      ${change && this.upload ? html`<button class="primary" @click=${() => this._picker?.click()}>${icon("up")} Upload</button>
        <input type="file" multiple hidden aria-label="Files to upload" @change=${this._picked}>` : nothing}
    </div>`;
  }

  /** Whether files may be changed, here and by this person. */
  get _mayChange() {
    return !this.readonly && this.may("files:write");
  }

  get _picker() {
    return /** @type {HTMLInputElement | null} */ (this.renderRoot.querySelector("input[type=file]"));
  }

  _crumbs() {
    const names = this.path.split("/").filter(Boolean);
    const crumbs = [{ name: this.system, path: "/" }, ...names.map((name, i) => ({ name: readable(name), path: `/${names.slice(0, i + 1).join("/")}` }))];
    return crumbs.map((crumb, i) => html`<li>${i ? html`<span class="muted" aria-hidden="true">/</span>` : nothing}
      ${i === crumbs.length - 1 ? html`<span class="here" aria-current="page">${crumb.name}</span>` : html`<button class="quiet" @click=${() => this.open(crumb.path)}>${crumb.name}</button>`}</li>`);
  }

  /** @param {Entry[]} entries */
  _list(entries) {
    if (!entries.length && this.error) return nothing;
    if (!entries.length) {
      const text = !this._mayChange ? "Nothing is in this folder." : "Files that you upload here, and those that your jobs write, appear in this list.";
      return html`<div class="panel">${this.renderEmpty("This folder is empty", text)}</div>`;
    }
    return html`<div><div class="panel">
      <table part="table" aria-rowcount=${entries.length + 1} @keydown=${walkRows}>
        <colgroup>${["name", "size", "changed", "owner", "mode", "actions"].map((name) => html`<col class=${name}>`)}</colgroup>
        <thead><tr>${this._columns.heads(["name", "number", "changed", "owner", "mode"])}<th><span class="hidden">Actions</span></th></tr></thead>
        ${this._chunks.rows(entries, (entry) => entry.path, (entry, place) => this._row(entry, place))}
      </table></div>
      <div class="bar small muted"><span role="status">${count(entries.length, "entry", "entries")}${this.next ? " shown" : ""}</span>
      ${this.next ? html`<button @click=${this.more}>Show more</button>` : nothing}</div></div>`;
  }

  /** @param {Entry} entry @param {number} place */
  _row(entry, place) {
    const folder = entry.type === "directory";
    return html`<tr aria-rowindex=${place} class="row ${this.shown?.path === entry.path ? "open" : ""}">
      <td class="wide"><button class="link entry" data-row @click=${() => (folder ? this.open(entry.path) : this.preview(entry))}>
        ${icon(folder ? "files" : entry.type === "file" ? "file" : "link")}<span>${entry.name}${folder ? "/" : ""}</span></button></td>
      <td class="number mono">${folder ? "" : size(entry.size)}</td>
      <td class="mono"><time datetime=${entry.modified_at} title=${exact(entry.modified_at)}>${local(entry.modified_at)}</time></td>
      <td class="owner mono muted">${entry.owner}</td>
      <td class="mode mono muted">${permissions(entry.mode)}</td>
      <td class="actions">
        <a class="button quiet square" aria-label="Download ${entry.name}" title=${folder ? "Download as ZIP" : "Download"} href="${this.gateway.files.url(this.system, entry.path)}${folder ? "?view=archive" : ""}" download="${entry.name}${folder ? ".zip" : ""}">${icon("down")}</a>
        ${this._mayChange ? html`
          <button class="quiet square" aria-label="Rename ${entry.name}" title="Rename" @click=${() => this.rename(entry)}>${icon("edit")}</button>
          <button class="quiet square" aria-label="Delete ${entry.name}" title="Delete" @click=${() => this.erase(entry)}>${icon("remove")}</button>` : nothing}
      </td>
    </tr>`;
  }

  /** @param {Entry} entry */
  _preview(entry) {
    const url = this.gateway.files.url(this.system, entry.path);
    const binary = this.text.includes("\0") || this.text.includes("\ufffd");
    return html`<section class="panel preview" part="preview" aria-label="Preview">
      <div class="bar"><h3 class="grow">${entry.name}</h3><button class="quiet square" aria-label="Close the preview" @click=${() => (this.shown = null)}>${icon("close")}</button></div>
      ${PICTURES.test(entry.name)
        ? html`<img src=${url} alt="">`
        : binary ? html`<p class="muted">These are not letters; download the file to use it.</p>` : html`<pre tabindex="0" aria-label="Text">${this.text || (entry.size ? "" : "The file is empty.")}</pre>`}
      ${!binary && entry.size > SHOWN_AS_TEXT && this.text ? html`<p class="small muted">The first ${size(SHOWN_AS_TEXT)} of ${size(entry.size)}.</p>` : nothing}
      <div class="bar"><a class="button" href=${url} download=${entry.name}>${icon("down")} Download</a>${this.renderCode({ url, save: entry.name })}</div>
    </section>`;
  }

  /** @param {DragEvent} event */
  _drag(event) {
    if (!this.upload || !this._mayChange || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.over = true;
  }

  /** @param {DragEvent} event */
  _drop(event) {
    this.over = false;
    if (!this.upload || !this._mayChange || !event.dataTransfer?.files.length) return;
    event.preventDefault();
    this.send(event.dataTransfer.files);
  }

  /** @param {Event} event */
  _picked(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    const files = [...(input.files ?? [])];
    input.value = "";
    this.send(files);
  }
}
