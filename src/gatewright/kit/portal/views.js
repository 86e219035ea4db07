/** The portal's views, made of the kit's elements only. */
import { escapeName, readable } from "../client/paths.js";
import { at } from "../client/place.js";
import { html, nothing } from "../vendor/lit.js";
import { addressOf, go } from "./routes.js";

/** @typedef {import("./routes.js").Place} Place */
/** @typedef {import("../client/accounts.js").Session} Session */

/**
 * @typedef {object} View
 * @property {string} id @property {string} word @property {string} icon @property {string} href
 * @property {boolean} rail Whether it stands in the rail.
 * @property {string} [scope] What the person must be allowed.
 * @property {(place: Place, session: Session) => any} [render]
 * @property {() => Promise<{render: (place: Place, session: Session) => any}>} [load] Gives
 *   what renders a view that is fetched only when it is opened.
 */

/** @type {View[]} */
export const VIEWS = [
  { id: "home", word: "Home", icon: "home", href: at("/"), rail: true, render: home },
  { id: "files", word: "Files", icon: "files", href: at("/files"), rail: true, scope: "files:read", render: files },
  { id: "jobs", word: "Jobs", icon: "jobs", href: at("/jobs"), rail: true, scope: "jobs:read", render: jobs },
  { id: "queue", word: "Queue", icon: "jobs", href: at("/queue"), rail: false, scope: "jobs:read", render: queue },
  { id: "data", word: "Data", icon: "data", href: at("/data"), rail: true, render: data },
  { id: "sky", word: "Sky", icon: "sky", href: at("/sky"), rail: true, render: sky },
  { id: "scan", word: "Scan", icon: "search", href: at("/scan"), rail: true, scope: "sky:vote", load: () => import("./scan-views.js").then(({ scan }) => ({ render: scan })) },
  { id: "classifiers", word: "Classifiers", icon: "search", href: at("/classifiers"), rail: false, scope: "sky:vote", load: () => import("./scan-views.js").then(({ classifiers }) => ({ render: classifiers })) },
  { id: "objects", word: "Objects", icon: "sky", href: at("/objects"), rail: false, load: () => import("./scan-views.js").then(({ objects }) => ({ render: objects })) },
  { id: "store", word: "Store", icon: "store", href: at("/store"), rail: true, scope: "store", render: store },
  { id: "account", word: "Account", icon: "account", href: at("/account"), rail: true, scope: "account:read", render: account },
  { id: "usage", word: "Usage", icon: "jobs", href: at("/usage"), rail: false, scope: "account:read", render: usage },
  { id: "status", word: "Status", icon: "home", href: at("/status"), rail: false, render: status },
  { id: "admin", word: "Admin", icon: "key", href: at("/admin"), rail: true, scope: "admin", load: () => import("./admin-view.js") },
  { id: "sign-in", word: "Sign in", icon: "account", href: at("/sign-in"), rail: false, render: signIn },
];

/** The gateway's first system, for addresses that name none. */
const first = document.getElementById("portal")?.dataset.system ?? "local";

/** @param {Place} place @param {Session} session */
function home(place, session) {
  const last = recent().slice(0, 6);
  return html`
    ${session.user ? nothing : html`<section class="card"><h1>Welcome</h1>
      <p>Data and images are open to everyone here. With an account you also have files, jobs and documents of your own.</p>
      <p><a href=${at("/sign-in")}>Sign in</a> · <a href=${at("/data")}>Browse the data</a> · <a href=${at("/sky")}>Look at the sky</a></p></section>`}
    ${session.scopes.includes("jobs:read") ? html`
      <section class="gw-section"><div class="head"><h2>Running and waiting</h2><a href=${at("/jobs")}>All jobs</a></div>
        <gw-jobs live brief limit="10" system=${first} filter="state=new,queued,held,active" @gw-open=${openJob}>
          <p class="gw-muted" slot="empty">Nothing of yours runs or waits. <a href=${addressOf("jobs", [escapeName(first), "new"])}>Submit a job</a></p></gw-jobs></section>
      <section class="gw-section"><div class="head"><h2>Failed</h2></div>
        <gw-jobs live brief limit="5" system=${first} filter="state=failed" @gw-open=${openJob}>
          <p class="gw-muted" slot="empty">No job of yours has failed.</p></gw-jobs></section>` : nothing}
    <div class="gw-columns">
      ${session.scopes.includes("files:read") ? html`<section class="card"><h2>Systems</h2><p class="small"><a href=${at("/status")}>Incidents and outages</a></p><gw-status></gw-status></section>` : nothing}
      <section class="card"><h2>Where you were</h2>${last.length
        ? html`<ul class="recent">${last.map((one) => html`<li><a href=${one.href}>${one.word}</a></li>`)}</ul>`
        : html`<p class="gw-muted">Places that you open appear here, in this browser only.</p>`}</section>
    </div>`;
}

/** @param {CustomEvent} event Opens the job on its own page. */
function openJob(event) {
  event.preventDefault();
  go(addressOf("jobs", [escapeName(first), escapeName(event.detail)]));
}

/** @param {Place} place */
function files({ parts }) {
  const [system = escapeName(first), ...names] = parts;
  const path = parts.length ? `/${names.join("/")}` : "~";
  const navigate = (/** @type {CustomEvent} */ event) => {
    event.preventDefault();
    go(addressOf("files", [system, ...event.detail.path.split("/").filter(Boolean)]));
  };
  return html`<gw-systems kind="files" system=${readable(system)} @gw-system=${toSystem("files")}></gw-systems>
    <gw-files upload system=${system} path=${path} @gw-navigate=${navigate}></gw-files>`;
}

/** @param {Place} place */
function jobs({ parts, query }) {
  const [system = escapeName(first), id = ""] = parts;
  if (id === "new") return newJob(system, query.get("from") ?? "");
  const open = (/** @type {CustomEvent} */ event) => go(addressOf("jobs", event.detail ? [system, escapeName(event.detail)] : parts.slice(0, 1), query));
  const filter = (/** @type {CustomEvent} */ event) => go(addressOf("jobs", parts.slice(0, 1), new URLSearchParams(event.detail)), true);
  const link = html`<gw-systems slot="action" system=${readable(system)} @gw-system=${toSystem("jobs")}></gw-systems>
    <a class="gw-button" slot="action" href=${addressOf("queue", [system])}>Everybody's queue</a>
    <a class="gw-button" slot="action" href=${at("/usage")}>Usage</a>
    <a class="gw-button primary" slot="action" href=${addressOf("jobs", [system, "new"])}>New job</a>`;
  return html`<gw-jobs live system=${readable(system)} selected=${readable(id)} filter=${query.toString()} @gw-open=${open} @gw-filter=${filter}>
    ${link}<p slot="first"><a href=${addressOf("jobs", [system, "new"])}>Submit the first one</a></p></gw-jobs>`;
}

/** @param {Place} place */
function queue({ parts: [system = escapeName(first)] }) {
  return html`<section class="gw-section"><div class="head"><h1>Everybody's queue on ${readable(system)}</h1><a href=${addressOf("jobs", [system])}>Your jobs</a>
    <gw-systems system=${readable(system)} @gw-system=${toSystem("queue")}></gw-systems></div>
    <gw-queue system=${readable(system)}></gw-queue></section>`;
}

/** @param {string} view Opens it for the system that is chosen. */
function toSystem(view) {
  return (/** @type {CustomEvent} */ event) => go(addressOf(view, [escapeName(event.detail)]));
}

/** @param {string} system @param {string} from Id of a job that is to be edited and submitted again. */
function newJob(system, from) {
  const submitted = (/** @type {CustomEvent} */ event) => go(addressOf("jobs", [system, escapeName(event.detail.id)]));
  return html`<section class="card form"><h1>${from ? `Job ${from} again` : "New job"} on ${readable(system)}</h1><gw-job-form system=${readable(system)} from=${from} @gw-submitted=${submitted}></gw-job-form></section>`;
}

/** @param {Place} place */
function data({ parts, query }) {
  if (!parts.length) return html`<gw-datasets></gw-datasets>`;
  const id = readable(parts[0]);
  const change = (/** @type {CustomEvent} */ event) => go(addressOf("data", parts, event.detail), true, true);
  return html`<div class="wide-narrow">
    <div class="gw-section">
      <gw-map id="map" select="box" dataset=${id} variable=${query.get("variable") ?? ""} time=${query.get("time") ?? ""} level=${query.get("level") ?? ""} member=${query.get("member") ?? ""} at=${query.get("at") ?? ""} box=${query.get("box") ?? ""} @gw-view=${change}></gw-map>
      <gw-timeseries for="map" spread></gw-timeseries>
    </div>
    <section class="card"><h2>This selection</h2><gw-subset for="map"></gw-subset></section>
  </div>`;
}

/** @type {[string, string][]} What one does with a survey, by what follows its id in the address. */
const SKY = [["", "Look"], ["coverage", "Coverage"], ["coadd", "Stack images"], ["difference", "Subtract images"]];

/** @param {Place} place */
function sky({ parts, query }) {
  if (!parts.length) return html`<gw-surveys></gw-surveys>`;
  const [survey, page = ""] = parts;
  const given = (/** @type {string} */ name) => query.get(name) ?? "";
  // How pictures look stays as it is, whatever is done with the survey.
  const kept = { stretch: given("stretch"), cmap: given("cmap"), overlays: given("overlays") };
  const move = (/** @type {CustomEvent} */ { detail }) => go(addressOf("sky", parts, { ...kept, ...detail, ...(detail.stretch === "asinh" ? { stretch: "" } : {}) }), true, true);
  // The place goes from one to the other: half the side of the picture is the radius.
  const [fov, radius] = [Number(given("fov")) || 2 * Number(given("radius")), Number(given("radius")) || Number(given("fov")) / 2];
  const to = (/** @type {string} */ id) => addressOf("sky", id ? [survey, id] : [survey], { ...kept, target: given("target"), band: given("band"), ...(id ? { radius: radius || "" } : { fov: fov || "" }) });
  /** @type {Record<string, () => any>} */
  const pages = {
    "": () => html`<gw-sky survey=${readable(survey)} target=${given("target")} fov=${given("fov")} image=${given("image")} band=${given("band")} stretch=${kept.stretch || "asinh"} cmap=${kept.cmap} overlays=${kept.overlays} cutouts @gw-view=${move}></gw-sky>`,
    coverage: () => html`<section class="gw-section"><h1>Where the images of ${readable(survey)} are</h1><gw-coverage survey=${readable(survey)}></gw-coverage></section>`,
    coadd: () => html`<gw-coadd survey=${readable(survey)} target=${given("target")} radius=${radius || 0.01} band=${given("band")} time=${given("time")} method=${given("method") || "clipped"} coadd=${given("coadd")} @gw-view=${move}></gw-coadd>`,
    difference: () => html`<gw-difference survey=${readable(survey)} target=${given("target")} radius=${radius || 0.01} band=${given("band")} time=${given("time")} reference=${query.get("reference") ?? "auto"} days=${given("days") || 14} most=${given("most") || 10} difference=${given("difference")} @gw-view=${move}></gw-difference>`,
  };
  const shown = Object.hasOwn(pages, page) ? page : "";
  return html`<nav aria-label="What to do with the survey"><ul class="tabs">${SKY.map(([id, word]) => html`<li><a href=${to(id)} aria-current=${id === shown ? "page" : nothing}>${word}</a></li>`)}</ul></nav>
    ${pages[shown]()}`;
}

/** @param {Place} place */
function store({ parts }) {
  const [collection = "", key = ""] = parts.map(readable);
  const open = (/** @type {CustomEvent} */ event) => {
    event.preventDefault();
    const { collection: c, key: k } = event.detail;
    go(addressOf("store", [c, k].filter(Boolean).map(escapeName)));
  };
  return html`<gw-documents collection=${collection} key=${key} @gw-navigate=${open}></gw-documents>`;
}

function account(/** @type {Place} */ place, /** @type {Session} */ session) {
  return html`
    <section class="card"><h1>${session.user}</h1>
      <p>${session.role === "owner" ? "You are the owner of this gateway: files, commands and jobs run as you." : session.role === "user" ? "Files, commands and jobs run as you." : "You are a guest: documents, data and images, and nothing that runs."}</p></section>
    <section class="gw-section"><h2>Personal tokens</h2>
      <p class="gw-muted">A token lets a script act as you, within the scopes that you give it. Make one for each script, so that you can revoke it alone.</p>
      <gw-tokens .scopes=${session.scopes}></gw-tokens></section>`;
}

/** @param {Place} place */
function usage({ parts: [system = "", project = ""] }) {
  const choose = (/** @type {CustomEvent} */ event) => go(addressOf("usage", [escapeName(event.detail.system), escapeName(event.detail.name)]), true);
  return html`<section class="gw-section"><h1>Projects and usage</h1>
    <gw-usage project=${readable(project)} of=${readable(system)} @gw-project=${choose}></gw-usage></section>`;
}

function status(/** @type {Place} */ place, /** @type {Session} */ session) {
  return html`<section class="gw-section"><h1>Incidents, outages and notices</h1><gw-incidents></gw-incidents></section>
    ${session.scopes.includes("files:read") ? html`<section class="card"><h2>Systems</h2><gw-status></gw-status></section>` : nothing}`;
}

function signIn(/** @type {Place} */ place, /** @type {Session} */ session) {
  return html`<section class="card narrow"><h1>Sign in</h1>
    <p class="gw-muted">With the name and password of an account here, by the link that the gateway printed when it started, or where a button leads.</p>
    <gw-login next=${at("/")}></gw-login></section>`;
}

const KEPT = "gw-recent";

/** Places that were open last, newest first. @returns {{word: string, href: string}[]} */
export function recent() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

/** @param {Place} place @param {View} view Only places within a view; the views are in the rail. */
export function remember(place, view) {
  if (!place.parts.length || !view.rail) return;
  const href = addressOf(view.id, place.parts);
  const here = { word: `${view.word}: ${place.parts.map(readable).join(" / ")}`, href };
  try {
    localStorage.setItem(KEPT, JSON.stringify([here, ...recent().filter((one) => one.href !== href)].slice(0, 12)));
  } catch {
    // A browser may keep nothing; then nothing is recent.
  }
}
