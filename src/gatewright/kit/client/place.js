/** Where the gateway's own pages are: at the root of its host, or below a path of it. */

const here = new URL(import.meta.url);

/** Path before `/kit/`; empty at the root of a host. */
export const ROOT = here.protocol.startsWith("http") ? here.pathname.replace(/\/kit\/.*$/s, "") : "";

/** @param {string} path Path of a page as at the root (`/sign-in`). @returns {string} As it is here. */
export function at(path) {
  return ROOT + path;
}
