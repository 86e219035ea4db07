/** One image of a place: its pixels as a picture, and where they are on the sky. */
import { readText } from "../client/events.js";
import { Wcs, readCards } from "../client/wcs.js";

/** @typedef {{image: any, picture: ImageBitmap | null, wcs: Wcs | null, error: string}} Epoch */
/** @typedef {{centre: [number, number], fov: number, stretch: string, cmap: string}} Sight Degrees, the grey levels, and their colours; empty for grey. */

/** Percentiles that are black and white: a dark sky on which faint things show. */
export const LIMITS = "20 99.7";
const LONGEST_CUT = 1400;
const COLOUR_PIXELS = 768;
const LONGEST_HEADER = 1_000_000;

/**
 * Reads the part of an image that fills a picture, with a margin to be moved into.
 * @param {import("../client/gateway.js").Gateway} gateway @param {any} image @param {Sight} sight
 * @param {AbortSignal} signal @returns {Promise<Epoch>} What failed is in its `error`.
 */
export async function readEpoch(gateway, image, { centre: [ra, dec], fov, stretch, cmap }, signal) {
  const radius = fov * 0.75;
  const pixels = (2 * radius * 3600) / image.pixel_scale;
  const look = { stretch, cmap, limits: LIMITS, orientation: "native", size: pixels > LONGEST_CUT ? LONGEST_CUT : null };
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

/**
 * Reads a place in colour, as one more image of it.
 * @param {import("../client/gateway.js").Gateway} gateway @param {{bands: [string, string, string], survey: string}} colours
 * @param {Sight} sight @param {AbortSignal} signal @returns {Promise<Epoch>} What failed is in its `error`.
 */
export async function readColour(gateway, { bands, survey }, { centre: [ra, dec], fov }, signal) {
  const image = { id: "colour", band: `in colour: ${bands.join(", ")}`, colours: bands };
  const radius = fov * 0.75;
  try {
    const answer = await gateway.http.request(gateway.sky.colourUrl(bands, ra, dec, radius, { survey, pixels: COLOUR_PIXELS }), { signal });
    const picture = await createImageBitmap(await answer.blob());
    const [middle, step] = [(picture.width + 1) / 2, (2 * radius) / picture.width];
    const cards = { CTYPE1: "RA---TAN", NAXIS1: picture.width, NAXIS2: picture.height, CRPIX1: middle, CRPIX2: middle, CRVAL1: ra, CRVAL2: dec, CD1_1: -step, CD1_2: 0, CD2_1: 0, CD2_2: step };
    return { image, picture, wcs: new Wcs(cards), error: "" };
  } catch (/** @type {any} */ error) {
    return { image, picture: null, wcs: null, error: error.message };
  }
}

/** Three of the bands of images, the longest wavelength first; null where there are fewer. @param {any[]} images @returns {[string, string, string] | null} */
export function threeBands(images) {
  const waves = new Map(images.filter((one) => one.band && one.em_min).map((one) => [one.band, one.em_min]));
  const bands = [...waves].sort((a, b) => b[1] - a[1]).map(([band]) => band);
  const last = bands.length - 1;
  return last < 2 ? null : [bands[0], bands[Math.round(last / 2)], bands[last]];
}

/** Reads the header of an image, and leaves its pixels. @param {AbortSignal} signal @param {(stop: AbortSignal) => Promise<Response>} ask */
export async function readWcs(signal, ask) {
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
