import { escapeName } from "./paths.js";

/**
 * Surveys, images and cut-outs. Angles are degrees, ICRS.
 * @example
 * const { images } = await gateway.sky.images({ pos: "CIRCLE 150.1 2.2 0.001", band: "r" });
 * const cutout = await gateway.sky.cutout(images[0].id, 150.1, 2.2, 0.005);
 * console.log(images.length, (await cutout.blob()).size);
 */
export class Sky {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** One page of surveys: `{surveys, next}`. @param {Record<string, any>} [query] @param {AbortSignal} [signal] @returns {Promise<any>} */
  surveys(query = {}, signal) {
    return this._http.json("/api/v1/surveys", { query, signal });
  }

  /** A survey and what it holds. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  survey(id, signal) {
    return this._http.json(`/api/v1/surveys/${escapeName(id)}`, { signal });
  }

  /**
   * Where the images of a survey are: `{images, bands, area, most, text, depths}` and more.
   * @param {string} id @param {Record<string, any>} [query] band, time, kind
   * @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  coverage(id, query = {}, signal) {
    return this._http.json(`/api/v1/surveys/${escapeName(id)}/coverage`, { query: { ...query, format: "json" }, signal });
  }

  /**
   * The address of a map of where the images of a survey are.
   * @param {string} id @param {"png" | "svg"} [format] @param {Record<string, any>} [query] band, time, kind @returns {string}
   */
  coverageUrl(id, format = "png", query = {}) {
    return this._http.url(`/api/v1/surveys/${escapeName(id)}/coverage`, { ...query, format });
  }

  /**
   * One page of images: `{images, next}`.
   * @param {Record<string, any>} query pos (`CIRCLE ra dec radius`), time, band, survey, limit, cursor
   * @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  images(query, signal) {
    return this._http.json("/api/v1/images", { query, signal });
  }

  /**
   * The address of an animated picture of all images of a place, in order of time.
   * @param {number} ra @param {number} dec @param {number} radius Degrees; 0 for the images' own pixels.
   * @param {Record<string, any>} [more] survey, band, time, pixels, seconds, marks, cmap @returns {string}
   */
  epochsUrl(ra, dec, radius, more = {}) {
    return this._http.url("/api/v1/cutouts", { pos: `CIRCLE ${ra} ${dec} ${radius}`, format: "apng", ...more });
  }

  /**
   * Where a place is, of coordinates or of a name in the gateway's table: `{ra, dec, radius, pos}`.
   * @param {string} name @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  place(name, signal) {
    return this._http.json("/api/v1/place", { query: { name }, signal });
  }

  /** An image and what is known of it. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  image(id, signal) {
    return this._http.json(`/api/v1/images/${escapeName(id)}`, { signal });
  }

  /**
   * The address of a cut-out around a place.
   * @param {string} id @param {number} ra @param {number} dec @param {number} radius
   * @param {"fits" | "png"} [format] @param {Record<string, any>} [more] stretch, limits, cmap, size, marks and others @returns {string}
   */
  cutoutUrl(id, ra, dec, radius, format = "fits", more = {}) {
    return this._http.url(`/api/v1/images/${escapeName(id)}/cutout`, { pos: `CIRCLE ${ra} ${dec} ${radius}`, format, ...more });
  }

  /**
   * The address of a picture in colour, north up.
   * @param {[string, string, string]} bands Bands, or ids of images, for red, green and blue.
   * @param {number} ra @param {number} dec @param {number} radius @param {Record<string, any>} [more] @returns {string}
   */
  colourUrl([red, green, blue], ra, dec, radius, more = {}) {
    return this._http.url("/api/v1/colour", { red, green, blue, pos: `CIRCLE ${ra} ${dec} ${radius}`, ...more });
  }

  /** The bytes of a cut-out. @param {string} id @param {number} ra @param {number} dec @param {number} radius
   * @param {"fits" | "png"} [format] @param {AbortSignal} [signal] @returns {Promise<Response>} */
  cutout(id, ra, dec, radius, format = "fits", signal) {
    return this._http.request(this.cutoutUrl(id, ra, dec, radius, format), { signal });
  }
}
