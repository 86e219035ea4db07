/** The portal: a router and a frame around the kit's own elements, and nothing else. */
import { gateway } from "../gw.js";
import { covers } from "../client/accounts.js";
import { readable } from "../client/paths.js";
import { at } from "../client/place.js";
import { icon } from "../elements/icons.js";
import { html, nothing, render } from "../vendor/lit.js";
import { followLinks, go, placeOf } from "./routes.js";
import { remember, VIEWS } from "./views.js";

const root = /** @type {HTMLElement} */ (document.getElementById("portal"));
const title = root.dataset.title ?? "Gatewright";

/** @type {import("../client/accounts.js").Session} */
let session = { user: null, role: null, scopes: [], expires_at: null };

/** Views that the person may use. Visitors see what they may use once they have signed in, but not the few pages of administrators. */
function allowed() {
  return VIEWS.filter((view) => view.rail && (!view.scope || covers(session.scopes, view.scope) || (!session.user && view.scope !== "admin")));
}

async function findPlace() {
  (await import("./palette.js")).openPalette(allowed());
}

function show() {
  const place = placeOf(new URL(location.href));
  const view = VIEWS.find((one) => one.id === place.view) ?? VIEWS[0];
  const closed = view.scope && !covers(session.scopes, view.scope);
  if (!view.render && !closed) {
    view.load?.().then(({ render: made }) => {
      view.render = made;
      show();
    });
    return;
  }
  document.title = view.id === "home" ? title : `${[...place.parts.slice(-1).map(readable), view.word].join(" · ")} · ${title}`;
  render(frame(place, view, closed ? (session.user ? notYours(view) : signInFirst(view)) : view.render?.(place, session)), root);
  if (!closed) remember(place, view);
}

/** @param {import("./routes.js").Place} place @param {import("./views.js").View} view @param {any} content */
function frame(place, view, content) {
  return html`
    <a class="skip" href="#place" @click=${toContent}>Skip to the content</a>
    <nav class="rail" aria-label="Places">
      <a class="mark" href=${at("/")}><img src=${new URL("../favicon.svg", import.meta.url).pathname} alt="">${title}</a>
      <ul>${allowed().map((one) => html`<li><a href=${one.href} aria-current=${one === view ? "page" : nothing}>${icon(one.icon)}<span>${one.word}</span></a></li>`)}</ul>
    </nav>
    <header class="top">
      <nav aria-label="Where you are"><ol>${crumbs(place, view)}</ol></nav>
      <button class="go" aria-label="Go to a place" @click=${() => findPlace()}>${icon("search")}<span>Go to</span><kbd>Ctrl K</kbd></button>
      ${session.user ? html`<gw-login></gw-login>` : place.view === "sign-in" ? nothing : html`<a href=${at("/sign-in")}>Sign in</a>`}
    </header>
    <main class="place" id="place" tabindex="-1">${view.id === "status" ? nothing : html`<gw-notices></gw-notices>`}${content}</main>
    ${view.id === "files" || gateway.uploads.all.length ? html`<gw-uploads></gw-uploads>` : nothing}`;
}

/** @param {import("./routes.js").Place} place @param {import("./views.js").View} view */
function crumbs(place, view) {
  const names = place.parts.map((part, i) => ({ name: readable(part), href: at(`/${[view.id, ...place.parts.slice(0, i + 1)].join("/")}`) }));
  const all = [{ name: view.word, href: view.href }, ...names];
  return all.map((one, i) => html`<li>${i === all.length - 1 ? html`<span aria-current="page">${one.name}</span>` : html`<a href=${one.href}>${one.name}</a>`}</li>`);
}

/** @param {import("./views.js").View} view */
function signInFirst(view) {
  return html`<section class="card narrow"><h1>Sign in</h1><p class="gw-muted">${view.word} are those of your account.</p><gw-login></gw-login></section>`;
}

/** @param {import("./views.js").View} view */
function notYours(view) {
  return html`<section class="card narrow"><h1>${view.word}</h1><p>Your account has no ${view.word.toLowerCase()} here. A guest account has documents, data and images; ask who runs the gateway if you need more.</p></section>`;
}

/** @param {Event} event */
function toContent(event) {
  event.preventDefault();
  document.getElementById("place")?.focus();
}

async function refresh() {
  try {
    session = await gateway.auth.session();
  } catch {
    // The views say by themselves what does not answer.
  }
  // After a sign-out, show at which provider the person is still signed in.
  if (!session.user && gateway.auth.stillSignedIn && placeOf(new URL(location.href)).view !== "sign-in") go(at("/sign-in"));
  else show();
}

// Not to sign in: that asks anew who is here, as a session may have ended.
followLinks((address) => VIEWS.some((view) => view.id !== "sign-in" && view.id === placeOf(address).view) && !address.hash);
window.addEventListener("popstate", show);
window.addEventListener("gw-place", (/** @type {any} */ event) => {
  show();
  if (!event.detail.stays) window.scrollTo(0, 0);
});
window.addEventListener("gw-session", refresh);
window.addEventListener("gw-login", () => { if (placeOf(new URL(location.href)).view === "sign-in") go(at("/"), true); });
window.addEventListener("keydown", (event) => {
  if (event.key === "k" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    findPlace();
  }
});
await refresh();
