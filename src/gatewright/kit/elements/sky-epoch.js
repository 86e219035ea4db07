/** One image of a place: its pixels as a picture, and where they are on the sky. */
import { readText } from "../client/events.js";
import { Wcs, readCards } from "../client/wcs.js";

/** @typedef {{image: any, picture: ImageBitmap | null, wcs: Wcs | null, error: string}} Epoch */
/** @typedef {{centre: [number, number], fov: number, stretch: string}} Sight Degrees, and the grey levels. */

/** Percentiles that are black and white: a dark sky on which faint things show. */
export const LIMITS = "20 99.7";
const LONGEST_CUT = 1400;
const LONGEST_HEADER = 1_000_000;

/**
 * Reads the part of an image that fills a picture, with a margin to be moved into.
 * @param {import("../client/gateway.js").Gateway} gateway @param {any} image @param {Sight} sight
 * @param {AbortSignal} signal @returns {Promise<Epoch>} What failed is in its `error`.
 */
export async function readEpoch(gateway, image, { centre: [ra, dec], fov, stretch }, signal) {
  const radius = fov * 0.75;
  const pixels = (2 * radius * 3600) / image.pixel_scale;
  const look = { stretch, limits: LIMITS, orientation: "native", size: pixels > LONGEST_CUT ? LONGEST_CUT : null };
  const { sky } = gateway;
  try {
    const [picture, wcs] = await Promise.all([
      gateway.http.request(sky.cutoutUrl(image.id, ra, dec, radius, "png", look), { signal }).then(async (one) => createImageBitmap(await one.blob())),
      readWcs(signal, (stop) => sky.cutout(image.id, ra, dec, radius, "fits", stop)),
    ]);
    return { image, picture, wcs, error: "" };
  } catch (/** @type {any} */ error) {
    return { image, picture: null, wcs: null, error: error.message };
  }
}

/** Reads the header of a cut-out, and leaves its pixels. @param {AbortSignal} signal @param {(stop: AbortSignal) => Promise<Response>} ask */
async function readWcs(signal, ask) {
  const stop = new AbortController();
  const response = await ask(AbortSignal.any([signal, stop.signal]));
  let text = "";
  for await (const part of readText(response)) {
    text += part;
    if (isWholeHeader(text) || text.length > LONGEST_HEADER) break;
  }
  return new Wcs(readCards(text));
}

/** @param {string} text Whether one of its cards of 80 characters is END. */
function isWholeHeader(text) {
  for (let i = 0; i + 80 <= text.length; i += 80) if (text.startsWith("END     ", i)) return true;
  return false;
}
