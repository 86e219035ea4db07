/** The command palette: a place by a few letters of its name. */
import { at } from "../client/place.js";
import { gateway } from "../gw.js";
import { html, nothing, render } from "../vendor/lit.js";
import { go } from "./routes.js";
import { recent } from "./views.js";

/** @typedef {{word: string, kind: string, href: string}} Choice */

/** @param {import("./views.js").View[]} views */
export async function openPalette(views) {
  if (document.querySelector("dialog.palette")) return;
  const dialog = document.createElement("dialog");
  dialog.className = "palette";
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  /** @type {Choice[]} */
  let choices = [...views.map((view) => ({ word: view.word, kind: "Place", href: view.href })), ...recent().map((one) => ({ ...one, kind: "Recent" }))];
  let wanted = "";
  const draw = () => render(template(choices, wanted, (text) => { wanted = text; draw(); }, dialog), dialog);
  draw();
  dialog.showModal();
  choices = [...choices, ...(await holdings())];
  if (dialog.isConnected) draw();
}

/** Data sets and surveys; what does not answer is left out. @returns {Promise<Choice[]>} */
async function holdings() {
  const asked = await Promise.allSettled([gateway.datasets.page({ limit: 1000 }), gateway.sky.surveys({ limit: 1000 })]);
  const [datasets, surveys] = asked.map((one) => (one.status === "fulfilled" ? one.value : {}));
  return [
    ...(datasets.datasets ?? []).map((/** @type {any} */ one) => ({ word: one.title || one.id, kind: "Data", href: at(`/data/${encodeURIComponent(one.id)}`) })),
    ...(surveys.surveys ?? []).map((/** @type {any} */ one) => ({ word: one.title || one.id, kind: "Sky", href: at(`/sky/${encodeURIComponent(one.id)}`) })),
  ];
}

/** @param {Choice[]} choices @param {string} wanted @param {(text: string) => void} type @param {HTMLDialogElement} dialog */
function template(choices, wanted, type, dialog) {
  const found = choices.filter((one) => one.word.toLowerCase().includes(wanted.toLowerCase())).slice(0, 12);
  const open = (/** @type {Choice} */ one) => { dialog.close(); go(one.href); };
  return html`<form @submit=${(/** @type {Event} */ event) => { event.preventDefault(); if (found[0]) open(found[0]); }}>
    <label class="gw-field">Go to<input type="search" autocomplete="off" autofocus @input=${(/** @type {any} */ event) => type(event.target.value)}></label>
    <ul>${found.map((one) => html`<li><button type="button" @click=${() => open(one)}><span>${one.word}</span><small>${one.kind}</small></button></li>`)}</ul>
    ${found.length ? nothing : html`<p class="gw-muted">Nothing has “${wanted}” in its name.</p>`}
  </form>`;
}
