/** Uploads with progress: only XMLHttpRequest tells how much has been sent. */
import { GatewayError } from "./errors.js";

/**
 * @typedef {object} UploadOptions
 * @property {(sent: number, total: number) => void} [onprogress] In bytes.
 * @property {AbortSignal} [signal]
 * @property {string} [ifMatch] Replace only the file with this ETag.
 * @property {boolean} [create] Fail if there is a file of that name.
 */

/**
 * PUTs a whole file; it appears when all of it is on disk, or not at all.
 * @param {import("./http.js").Http} http
 * @param {string} path @param {Blob | string} content @param {UploadOptions} [options]
 * @returns {Promise<any>}
 */
export function upload(http, path, content, options = {}) {
  if (typeof XMLHttpRequest === "undefined") return uploadByFetch(http, path, content, options);
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("PUT", http.url(path));
    for (const [name, value] of http.headers(conditions(options))) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => options.onprogress?.(event.loaded, event.total);
    request.onload = () => finish(request, resolve, reject);
    request.onerror = () => reject(GatewayError.unreachable(null, http.abroad));
    request.onabort = () => reject(new DOMException("The upload was stopped.", "AbortError"));
    options.signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(content);
  });
}

/** @param {UploadOptions} options @returns {Record<string, string>} */
function conditions(options) {
  return {
    "Content-Type": "application/octet-stream",
    ...(options.ifMatch ? { "If-Match": options.ifMatch } : {}),
    ...(options.create ? { "If-None-Match": "*" } : {}),
  };
}

/** @param {XMLHttpRequest} request @param {(value: any) => void} resolve @param {(error: Error) => void} reject */
function finish(request, resolve, reject) {
  if (request.status < 300) {
    resolve(request.responseText ? JSON.parse(request.responseText) : null);
    return;
  }
  const headers = new Headers();
  for (const line of request.getAllResponseHeaders().trim().split(/\r?\n/)) {
    const cut = line.indexOf(":");
    if (cut > 0) headers.append(line.slice(0, cut), line.slice(cut + 1).trim());
  }
  reject(GatewayError.fromAnswer(request.status, headers, request.responseText));
}

/** @param {import("./http.js").Http} http @param {string} path @param {Blob | string} content @param {UploadOptions} options */
async function uploadByFetch(http, path, content, options) {
  const total = typeof content === "string" ? content.length : content.size;
  const answer = await http.json(path, {
    method: "PUT", body: content, headers: conditions(options), signal: options.signal,
  });
  options.onprogress?.(total, total);
  return answer;
}
