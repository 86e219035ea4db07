/** A request as code for the command line, Python and R; loaded when somebody wants to see it. */

/**
 * @typedef {object} Snippet
 * @property {string} url @property {string} [method]
 * @property {any} [json] Body as a JSON value. @property {string} [text] Body as text.
 * @property {string} [type] Media type of a text. @property {string} [upload] File to send.
 * @property {string} [save] File to write the answer to.
 * @property {boolean} [open] Whether it needs no token.
 */

/** @param {string} text Text between single quotes of a shell. */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** @param {Snippet} snippet */
export function curl(snippet) {
  const lines = [`curl --fail-with-body ${shell(snippet.url)}`];
  if (!snippet.open) lines.push(`-H "Authorization: Bearer $GATEWRIGHT_TOKEN"`);
  if ((snippet.method ?? "GET") !== "GET") lines.push(`-X ${snippet.method}`);
  if (snippet.json !== undefined) lines.push(`--json ${shell(JSON.stringify(snippet.json))}`);
  if (snippet.text !== undefined) lines.push(`-H 'Content-Type: ${snippet.type}'`, `--data-binary ${shell(snippet.text)}`);
  if (snippet.upload) lines.push(`--upload-file ${shell(snippet.upload)}`);
  if (snippet.save) lines.push(`-o ${shell(snippet.save)}`);
  return lines.join(" \\\n  ");
}

/** @param {Snippet} snippet */
export function python(snippet) {
  const more = [];
  if (!snippet.open) more.push(`headers={"Authorization": f"Bearer {os.environ['GATEWRIGHT_TOKEN']}"${snippet.text === undefined ? "" : `, "Content-Type": ${JSON.stringify(snippet.type)}`}}`);
  if (snippet.json !== undefined) more.push(`json=${pythonValue(snippet.json)}`);
  if (snippet.text !== undefined) more.push(`data=${JSON.stringify(snippet.text)}.encode()`);
  if (snippet.upload) more.push(`data=open(${JSON.stringify(snippet.upload)}, "rb")`);
  const call = `requests.request(\n    ${[JSON.stringify(snippet.method ?? "GET"), JSON.stringify(snippet.url), ...more].join(",\n    ")},\n)`;
  const after = snippet.save
    ? `open(${JSON.stringify(snippet.save)}, "wb").write(answer.content)`
    : "print(answer.json() if answer.content else answer.status_code)";
  return `${snippet.open ? "" : "import os\n"}import requests\n\nanswer = ${call}\nanswer.raise_for_status()\n${after}`;
}

/** @param {any} value A JSON value as Python writes it. @returns {string} */
function pythonValue(value) {
  if (value === null) return "None";
  if (value === true || value === false) return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(pythonValue).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}: ${pythonValue(v)}`).join(", ")}}`;
  return JSON.stringify(value);
}

/** @param {Snippet} snippet */
export function r(snippet) {
  const steps = [`request(${JSON.stringify(snippet.url)})`];
  if (!snippet.open) steps.push(`req_auth_bearer_token(Sys.getenv("GATEWRIGHT_TOKEN"))`);
  if ((snippet.method ?? "GET") !== "GET") steps.push(`req_method(${JSON.stringify(snippet.method)})`);
  if (snippet.json !== undefined) steps.push(`req_body_raw(${JSON.stringify(JSON.stringify(snippet.json))}, "application/json")`);
  if (snippet.text !== undefined) steps.push(`req_body_raw(${JSON.stringify(snippet.text)}, ${JSON.stringify(snippet.type)})`);
  if (snippet.upload) steps.push(`req_body_file(${JSON.stringify(snippet.upload)})`);
  steps.push(snippet.save ? `req_perform(path = ${JSON.stringify(snippet.save)})` : "req_perform()");
  return `library(httr2)\n\nanswer <- ${steps.join(" |>\n  ")}${snippet.save ? "" : "\nresp_body_json(answer)"}`;
}

/** @type {[string, (snippet: Snippet) => string][]} */
export const LANGUAGES = [["curl", curl], ["Python", python], ["R", r]];
