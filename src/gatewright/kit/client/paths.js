/**
 * File paths in URLs. Names are bytes, so a path is written as in a URL: `%XX` is a
 * byte, and everything else is itself. `escapeName` makes such a part of a typed name.
 */

/** @param {string} path `/` between names; escapes that it holds stay as they are. */
export function escapePath(path) {
  return path
    .split(/(%[0-9A-Fa-f]{2}|\/)/)
    .map((part, i) => (i % 2 ? part : encodeURIComponent(part)))
    .join("");
}

/** @param {string} name One name as a person types it; `%` is only a sign in it. */
export function escapeName(name) {
  return encodeURIComponent(name.toWellFormed());
}

/** @param {string} path A part of a path for people to read; bytes that are no UTF-8 stay escaped. */
export function readable(path) {
  return path.replace(/(?:%[0-9A-Fa-f]{2})+/g, (bytes) => {
    try {
      return decodeURIComponent(bytes);
    } catch {
      return bytes;
    }
  });
}

/** @param {string} folder @param {string} name A name that is escaped already. */
export function join(folder, name) {
  return `${folder.replace(/\/+$/, "")}/${name}`;
}

/** @param {string} path @returns {string} The folder that holds it; `/` at the top. */
export function parent(path) {
  const cut = path.replace(/\/+$/, "").lastIndexOf("/");
  return cut <= 0 ? "/" : path.slice(0, cut);
}
