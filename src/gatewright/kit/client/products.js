import { escapeName } from "./paths.js";

/** @typedef {"coadd" | "difference"} ProductKind */

const PLURAL = { coadd: "coadds", difference: "differences" };

/**
 * Images that the gateway makes of others: coadds and differences. Equal requests have one
 * product, which is `working` until it is `ready` or `failed`.
 * @example
 * let coadd = await gateway.products.make("coadd", {
 *   images: { survey: "simulated-sky", band: "r", time: "2024-01-16/2024-01-23" },
 *   pos: "CIRCLE 150.0886 2.1986 0.01", method: "mean",
 * });
 * coadd = await gateway.products.ready("coadd", coadd.id);
 * const fits = await gateway.http.request(gateway.products.imageUrl("coadd", coadd.id, { plane: "weight" }));
 * console.log(coadd.state, coadd.report.depth, (await fits.blob()).size);
 */
export class Products {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** Where products of a kind are, or one of them. @param {ProductKind} kind @param {string} [id] @returns {string} */
  path(kind, id) {
    return `/api/v1/${PLURAL[kind]}${id ? `/${escapeName(id)}` : ""}`;
  }

  /**
   * Asks for a coadd (`{images, pos, method}`) or a difference (`{science, reference, pos}`);
   * images are ids, or a search `{survey, time, band}`. What takes longer than ten seconds
   * comes back as `working`.
   * @param {ProductKind} kind @param {Record<string, any>} body @param {AbortSignal} [signal] @returns {Promise<any>}
   */
  make(kind, body, signal) {
    return this._http.json(this.path(kind), { method: "POST", json: body, signal });
  }

  /** One product: its state, its images, what was measured. @param {ProductKind} kind @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  get(kind, id, signal) {
    return this._http.json(this.path(kind, id), { signal });
  }

  /**
   * Waits until a product is no longer `working`, and returns it.
   * @param {ProductKind} kind @param {string} id
   * @param {{signal?: AbortSignal, every?: number, tell?: (product: any) => void}} [options]
   *   `every`: milliseconds between two looks; `tell` is given what each look found.
   * @returns {Promise<any>}
   */
  async ready(kind, id, { signal, every = 2000, tell } = {}) {
    for (;;) {
      const product = await this.get(kind, id, signal);
      tell?.(product);
      if (product.state !== "working") return product;
      await new Promise((resolve) => setTimeout(resolve, every));
      signal?.throwIfAborted();
    }
  }

  /**
   * The address of the pixels of a plane, such as `{plane: "score", format: "png"}`.
   * @param {ProductKind} kind @param {string} id
   * @param {Record<string, any>} [query] plane, format, stretch, limits, size, orientation @returns {string}
   */
  imageUrl(kind, id, query = {}) {
    return this._http.url(`${this.path(kind, id)}/image`, query);
  }
}
