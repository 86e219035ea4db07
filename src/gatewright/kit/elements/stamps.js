/** The pictures round a candidate, all on one grid of pixels. */

/** @typedef {import("../client/gateway.js").Gateway} Gateway */
/** @typedef {"science" | "reference" | "difference"} Seen */

/** What is shown of a candidate, in this order. @type {readonly Seen[]} */
export const SEEN = ["science", "reference", "difference"];

/**
 * Reads a stamp as a picture; the caller revokes the address that is returned.
 * @param {Gateway} gateway @param {string} id @param {Seen} plane @param {AbortSignal} signal
 * @returns {Promise<string>} Address of the picture; "" where there is none.
 */
export async function readStamp(gateway, id, plane, signal) {
  const url = gateway.candidates.stampUrl(id, plane, { format: "png" });
  try {
    const answer = await gateway.http.request(url, { signal });
    return URL.createObjectURL(await answer.blob());
  } catch {
    return "";
  }
}

/** Frees pictures that are no longer shown. @param {Iterable<string>} urls */
export function freeStamps(urls) {
  for (const url of urls) if (url) URL.revokeObjectURL(url);
}

/** How the votes stand, in words. @param {{real: number, bogus: number, unsure: number}} votes */
export function voteWords(votes) {
  const words = Object.entries(votes).filter(([, many]) => many).map(([name, many]) => `${many} ${name}`);
  return words.join(", ") || "none";
}
