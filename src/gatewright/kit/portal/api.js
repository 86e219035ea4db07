/** The page of the API: every operation of its OpenAPI document, to read and to try. */
import { html, nothing, render } from "../vendor/lit.js";
import { gateway } from "../gw.js";
import { at } from "../client/place.js";

const BASE = "/api/v1";
const LONGEST_SHOWN = 20_000;

/** @typedef {{verb: string, path: string, operation: any}} Operation */

const root = /** @type {HTMLElement} */ (document.getElementById("api"));
const title = root.textContent?.trim() ?? "";
root.replaceChildren();
/** @type {any} */
let description = null;
let wanted = "";
/** @type {Map<string, string>} */
const answers = new Map();

function draw() {
  render(page(), root);
}

function page() {
  if (!description) return html`<h1>${title}</h1><p role="status">Reading the description …</p>`;
  const all = operations();
  const found = all.filter(({ verb, path, operation }) => `${verb} ${path} ${operation.summary ?? ""}`.toLowerCase().includes(wanted));
  const tags = [...new Set(found.map((one) => one.operation.tags?.[0] ?? "other"))];
  return html`<h1>${title}</h1>
    <p>Every address below begins with <code>${at(BASE)}</code>. Errors are RFC 9457 problem documents. A script sends a personal token, made on the page <a href=${at("/account")}>Account</a>; here your session is used. The document itself is <a href=${at(`${BASE}/openapi.json`)}>openapi.json</a>.</p>
    <label class="gw-field">Find an operation<input type="search" @input=${(/** @type {any} */ e) => { wanted = e.target.value.toLowerCase(); draw(); }}></label>
    <p class="gw-muted" role="status">${found.length} of ${all.length} operations</p>
    ${tags.map((tag) => html`<section><h2>${tag}</h2>${found.filter((one) => (one.operation.tags?.[0] ?? "other") === tag).map(card)}</section>`)}`;
}

/** @returns {Operation[]} */
function operations() {
  return Object.entries(description.paths).flatMap(([path, verbs]) =>
    Object.entries(/** @type {Record<string, any>} */ (verbs)).map(([verb, operation]) => ({ verb, path, operation })));
}

/** @param {Operation} one */
function card(one) {
  const { verb, path, operation } = one;
  const key = `${verb} ${path}`;
  return html`<details class="operation"><summary><span class="verb ${verb}">${verb.toUpperCase()}</span><code>${path}</code><span class="gw-muted">${operation.summary ?? ""}</span></summary>
    <div class="inside">
      ${operation.description ? html`<p>${operation.description}</p>` : nothing}
      <form @submit=${(/** @type {SubmitEvent} */ event) => attempt(event, one)}>
        ${(operation.parameters ?? []).map(field)}
        ${operation.requestBody ? html`<label class="gw-field">Body (${mediaType(operation)})<textarea name="body" spellcheck="false" .value=${example(operation)}></textarea></label>` : nothing}
        <button>Try it: ${verb.toUpperCase()}</button>
      </form>
      ${answers.has(key) ? html`<pre class="answer" tabindex="0" aria-label="Answer" role="status">${answers.get(key)}</pre>` : nothing}
      <dl class="statuses">${Object.entries(operation.responses ?? {}).map(([status, response]) => html`<dt>${status}</dt><dd>${/** @type {any} */ (response).description}</dd>`)}</dl>
    </div></details>`;
}

/** @param {any} parameter */
function field(parameter) {
  const example_ = parameter.example ?? parameter.schema?.examples?.[0];
  return html`<label class="gw-field"><span><code>${parameter.name}</code> ${parameter.required ? "(required)" : ""} <span class="gw-muted">${parameter.description ?? ""}</span></span>
    <input name=${`${parameter.in} ${parameter.name}`} ?required=${parameter.required && parameter.in === "path"} placeholder=${example_ === undefined ? "" : String(example_)} autocomplete="off"></label>`;
}

/** @param {any} operation */
function mediaType(operation) {
  return Object.keys(operation.requestBody.content ?? {})[0] ?? "application/json";
}

/** @param {any} operation A first body: the example of its schema. */
function example(operation) {
  const content = operation.requestBody.content?.[mediaType(operation)] ?? {};
  if (content.example !== undefined) return JSON.stringify(content.example, null, 2);
  const schema = resolve(content.schema ?? {});
  const pairs = Object.entries(schema.properties ?? {}).flatMap(([name, one]) => {
    const value = /** @type {any} */ (one).examples?.[0];
    return value === undefined ? [] : [[name, value]];
  });
  return pairs.length ? JSON.stringify(Object.fromEntries(pairs), null, 2) : "";
}

/** @param {any} schema */
function resolve(schema) {
  const name = schema.$ref?.split("/").at(-1);
  return name ? description.components.schemas[name] : schema;
}

/** @param {SubmitEvent} event @param {Operation} one */
async function attempt(event, { verb, path, operation }) {
  event.preventDefault();
  const data = new FormData(/** @type {HTMLFormElement} */ (event.target));
  const key = `${verb} ${path}`;
  let address = BASE + path;
  /** @type {Record<string, any>} */
  const query = {};
  /** @type {Record<string, string>} */
  const headers = {};
  for (const [name, value] of data) {
    const [place, parameter] = name.split(" ");
    if (!value || !parameter) continue;
    if (place === "path") address = address.replace(new RegExp(`\\{${parameter}(:[^}]*)?\\}`), parameter.includes("path") ? String(value) : encodeURIComponent(String(value)));
    else if (place === "query") query[parameter] = value;
    else headers[parameter] = String(value);
  }
  if (operation.requestBody) headers["Content-Type"] = mediaType(operation);
  answers.set(key, "Asking …");
  draw();
  answers.set(key, await ask(address, { method: verb.toUpperCase(), query, headers, body: operation.requestBody ? String(data.get("body")) : undefined }));
  draw();
}

/** @param {string} address @param {import("../client/http.js").Call} call @returns {Promise<string>} */
async function ask(address, call) {
  try {
    const response = await gateway.http.request(address, call);
    const head = `${response.status} ${response.headers.get("Content-Type") ?? ""}\n\n`;
    if (/event-stream/.test(head)) return `${head}(a stream; follow it with curl -N)`;
    if (!/json|text/.test(head)) return `${head}(${(await response.blob()).size} bytes)`;
    const text = await response.text();
    return head + (/json/.test(head) ? JSON.stringify(JSON.parse(text || "null"), null, 2) : text).slice(0, LONGEST_SHOWN);
  } catch (/** @type {any} */ error) {
    return `${error.status} ${error.title}\n\n${JSON.stringify(error.problem, null, 2)}`;
  }
}

draw();
description = await gateway.http.json(`${BASE}/openapi.json`);
draw();
