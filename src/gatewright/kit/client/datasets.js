import { escapeName } from "./paths.js";

/**
 * @typedef {object} Subset
 * @property {string | string[]} var
 * @property {string} [lat] `south:north`, or one latitude, in degrees.
 * @property {string} [lon] `west:east`, or one longitude, in degrees.
 * @property {string} [time] A moment, or `first:last`.
 * @property {string} [level] @property {string} [member] @property {string} [stat]
 */

/**
 * Gridded data sets.
 * @example
 * for await (const { id, variables } of gateway.datasets.list()) console.log(id, variables);
 * const box = { var: "prmsl", lat: "40:60", lon: "-20:20", time: "1987-10-13T00:00:00", stat: "mean" };
 * const { elements } = await gateway.datasets.estimate("simulated-reanalysis", box);
 * const { variables } = await gateway.datasets.subset("simulated-reanalysis", box);
 * console.log(elements, variables.prmsl_mean.values.length);
 */
export class Datasets {
  /** @param {import("./http.js").Http} http */
  constructor(http) {
    this._http = http;
  }

  /** The path of the catalogue, of a data set or of a part of it. @param {string} [id] @param {string} [part] */
  path(id, part) {
    return ["/api/v1/datasets", ...[id, part].flatMap((one) => (one === undefined ? [] : [escapeName(one)]))].join("/");
  }

  /** One page of the catalogue: `{datasets, next}`. @param {Record<string, any>} [query] @param {AbortSignal} [signal] @returns {Promise<any>} */
  page(query = {}, signal) {
    return this._http.json(this.path(), { query, signal });
  }

  /** The whole catalogue. @param {AbortSignal} [signal] @returns {AsyncGenerator<any, void, undefined>} */
  list(signal) {
    return this._http.items(this.path(), "datasets", { signal });
  }

  /** Variables, axes, bounds, size and addresses. @param {string} id @param {AbortSignal} [signal] @returns {Promise<any>} */
  get(id, signal) {
    return this._http.json(this.path(id), { signal });
  }

  /** The address of a subset in a format (netcdf4, csv, json, png). @param {string} id @param {Subset} subset @param {string} [format] @returns {string} */
  subsetUrl(id, subset, format = "netcdf4") {
    return this._http.url(this.path(id, "subset"), { ...subset, format });
  }

  /** The values of a subset as JSON. @param {string} id @param {Subset} subset @param {AbortSignal} [signal] @returns {Promise<any>} */
  subset(id, subset, signal) {
    return this._http.json(this.path(id, "subset"), { query: { ...subset, format: "json" }, signal });
  }

  /** The size that a subset would have. @param {string} id @param {Subset} subset @param {string} [format] @param {AbortSignal} [signal] @returns {Promise<any>} */
  estimate(id, subset, format = "netcdf4", signal) {
    return this._http.json(this.path(id, "subset"), { query: { ...subset, format, estimate: true }, signal });
  }
}
