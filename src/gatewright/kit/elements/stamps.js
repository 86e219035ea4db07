/** The pictures round a candidate, all on one grid of pixels, the candidate in their middle. */

import { count } from "./format.js";

/** @typedef {import("../client/gateway.js").Gateway} Gateway */
/** @typedef {"science" | "reference" | "difference"} Seen */

/** What is shown of a candidate, in this order. @type {readonly Seen[]} */
export const SEEN = ["science", "reference", "difference"];

const MOST_NAMED = 3;

/** Degrees from the middle of a stamp to its sides. */
export const RADIUS = 0.003;

/**
 * Reads a stamp as a picture; the caller revokes the address that is returned.
 * @param {Gateway} gateway @param {string} id @param {Seen} plane @param {AbortSignal} signal
 * @returns {Promise<string>} Address of the picture; "" where there is none.
 */
export function readStamp(gateway, id, plane, signal) {
  return readPicture(gateway, gateway.candidates.stampUrl(id, plane, { format: "png", radius: RADIUS }), signal);
}

/**
 * Reads any picture; the caller revokes the address that is returned.
 * @param {Gateway} gateway @param {string} url @param {AbortSignal} signal
 * @returns {Promise<string>} Address of the picture; "" where there is none.
 */
export async function readPicture(gateway, url, signal) {
  try {
    const answer = await gateway.http.request(url, { signal });
    return URL.createObjectURL(await answer.blob());
  } catch {
    return "";
  }
}

/**
 * Reads an animated picture of epochs; the caller revokes the address that is returned.
 * @param {Gateway} gateway @param {string} url @param {AbortSignal} signal
 * @returns {Promise<{url: string, missing: string}>} With which epochs it does not show, in words; "" for none.
 */
export async function readFilm(gateway, url, signal) {
  const blob = await (await gateway.http.request(url, { signal })).blob();
  const told = pngText(new Uint8Array(await blob.arrayBuffer()), "Left out");
  return { url: URL.createObjectURL(blob), missing: missingWords(JSON.parse(told || "[]")) };
}

/**
 * Returns the text of a keyword in a PNG (an iTXt chunk without compression); "" where there is none.
 * @param {Uint8Array} png @param {string} keyword
 */
export function pngText(png, keyword) {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const letters = (/** @type {number} */ from, /** @type {number} */ to) => new TextDecoder().decode(png.subarray(from, to));
  for (let at = 8; at + 12 <= png.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (letters(at + 4, at + 8) === "iTXt") {
      // After the keyword: two zeros for no compression, and an empty language and translation.
      const [name, , , , , ...text] = letters(at + 8, end).split("\0");
      if (name === keyword) return text.join("\0");
    }
    at = end + 4;
  }
  return "";
}

/**
 * Returns which epochs an animated picture does not show, and why.
 * @param {{band: string, time: string, reason: string}[]} missing
 */
export function missingWords(missing) {
  const named = missing.slice(0, MOST_NAMED).map(({ band, time, reason }) => `${[time.slice(0, 10) || "no date", band].filter(Boolean).join(" ")}: ${reason}`);
  const more = missing.length - named.length;
  return missing.length ? `${count(missing.length, "image")} not shown. ${named.join(" ")}${more ? ` And ${more} more.` : ""}` : "";
}

/** Frees pictures that are no longer shown. @param {Iterable<string>} urls */
export function freeStamps(urls) {
  for (const url of urls) if (url) URL.revokeObjectURL(url);
}

/** The stamps of some candidates, read ahead of their being shown. */
export class Stamps {
  /** @param {(id: string) => Promise<Record<string, string>>} read */
  constructor(read) {
    this._read = read;
    /** @type {Map<string, Promise<Record<string, string>>>} */
    this._kept = new Map();
  }

  /** Reads those, and frees all others. @param {string[]} ids */
  keep(ids) {
    for (const [id, read] of this._kept) {
      if (ids.includes(id)) continue;
      this._kept.delete(id);
      read.then((pictures) => freeStamps(Object.values(pictures)));
    }
    for (const id of ids) if (!this._kept.has(id)) this._kept.set(id, this._read(id));
  }

  /** @param {string} id One of those that are kept. @returns {Promise<Record<string, string>>} */
  async of(id) {
    return (await this._kept.get(id)) ?? {};
  }
}

/** How the votes stand, in words. @param {{real: number, bogus: number, unsure: number}} votes */
export function voteWords(votes) {
  const words = Object.entries(votes).filter(([, many]) => many).map(([name, many]) => `${many} ${name}`);
  return words.join(", ") || "none";
}
