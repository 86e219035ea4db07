/** The pictures round a candidate, all on one grid of pixels, the candidate in their middle. */

/** @typedef {import("../client/gateway.js").Gateway} Gateway */
/** @typedef {"science" | "reference" | "difference"} Seen */

/** What is shown of a candidate, in this order. @type {readonly Seen[]} */
export const SEEN = ["science", "reference", "difference"];

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
 * Reads an animated picture; the caller revokes the address that is returned.
 * @param {Gateway} gateway @param {string} url @param {AbortSignal} signal @returns {Promise<string>}
 */
export async function readFilm(gateway, url, signal) {
  const answer = await gateway.http.request(url, { signal });
  return URL.createObjectURL(await answer.blob());
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
