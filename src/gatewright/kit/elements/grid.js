/** Gridded data as the gateway describes and sends it, made plain for drawing. */

/**
 * @typedef {object} Axis
 * @property {string} name @property {"time" | "level" | "lat" | "lon" | "member" | string} kind
 * @property {string} units @property {(number | string)[]} values
 * @property {string} parameter The parameter of a subset that narrows it.
 * @property {boolean} [byPosition] Whether it has no values of its own, but positions from 0.
 */
/** @typedef {{name: string, title: string, units: string, axes: Axis[]}} Variable */
/** @typedef {{id: string, title: string, variables: Variable[]}} Dataset */
/**
 * @typedef {object} Block Values of one variable; the last axis runs fastest.
 * @property {Axis[]} axes @property {Float64Array} values @property {string} units
 */

/** @param {any} answer Of `/datasets/{id}`. @returns {Dataset} */
export function readDataset(answer) {
  const axes = new Map((answer.axes ?? []).map((/** @type {any} */ one) => [one.name, readAxis(one)]));
  const variables = (answer.variables ?? []).filter((/** @type {any} */ one) => one.data !== false).map((/** @type {any} */ one) => ({
    name: one.name,
    title: one.title || one.long_name || one.name,
    units: one.units ?? "",
    axes: one.dimensions.map((/** @type {string} */ name) => axes.get(name) ?? readAxis({ name, values: [] })),
  }));
  return { id: answer.id, title: answer.title || answer.id, variables };
}

/** @param {any} one @returns {Axis} */
function readAxis(one) {
  const { name, kind = name, units = "", parameter = kind } = one;
  return { name, kind, units, parameter, values: one.values ?? [], byPosition: one.by_position ?? false };
}

/** What a subset takes for a value of an axis: the value, or its position where it has none. @param {Axis} axis @param {number} index */
export function textAt(axis, index) {
  return axis.byPosition ? `index:${index}` : String(axis.values[index]);
}

/**
 * Index of a value on an axis, in any notation (850.0, 03, 1987-10-14T12:00); -1 if it has none.
 * @param {Axis} axis @param {string | number} asked
 */
export function indexOf(axis, asked) {
  const text = String(asked).trim();
  if (/^index:\d+$/.test(text)) return Number(text.slice(6)) < axis.values.length ? Number(text.slice(6)) : -1;
  const same = axis.values.findIndex((value) => String(value) === text);
  if (same >= 0 || text === "") return same;
  if (axis.kind === "time") return axis.values.findIndex((value) => moment(String(value)) === moment(text));
  return axis.values.findIndex((value) => typeof value === "number" && value === Number(text));
}

/** @param {string} text A time to the second, whatever of it is written; calendars may have days that Date has not. */
function moment(text) {
  const [day, clock = ""] = text.replace(/(Z|\+00:00)$/, "").split(/[T ]/);
  const [hours = "00", minutes = "00", seconds = "00"] = clock.split(":").filter(Boolean);
  return `${day} ${hours}:${minutes}:${seconds.replace(/\.0*$/, "")}`;
}

/** @param {Variable} variable Its axes that are not on a map, each with values to choose from. */
export function otherAxes(variable) {
  return variable.axes.filter((axis) => axis.kind !== "lat" && axis.kind !== "lon" && axis.values.length > 0);
}

/** @param {Dataset} dataset Variables that have a latitude and a longitude. */
export function mapVariables(dataset) {
  return dataset.variables.filter((one) => axisOf(one, "lat") && axisOf(one, "lon"));
}

/** @param {{axes: Axis[]}} variable @param {string} kind */
export function axisOf(variable, kind) {
  return variable.axes.find((axis) => axis.kind === kind);
}

/**
 * @param {any} answer Of `/datasets/{id}/subset?format=json`. @param {string} name
 * @param {string} [stat] The statistic over the members that was asked for. @returns {Block}
 */
export function readBlock(answer, name, stat = "") {
  const found = answer.variables[stat ? `${name}_${stat}`.replaceAll(".", "_") : name];
  return {
    axes: found.dimensions.map((/** @type {string} */ one) => readAxis({ name: one, ...answer.coordinates[one] })),
    values: Float64Array.from(found.values, (value) => value ?? NaN),
    units: found.units ?? "",
  };
}

/**
 * A field of latitude and longitude: its rows, whatever the order of the axes; the first along any other.
 * @param {Block} block @returns {{lat: number[], lon: number[], values: Float64Array}}
 */
export function readField(block) {
  const [y, x] = ["lat", "lon"].map((kind) => block.axes.findIndex((axis) => axis.kind === kind));
  const [lat, lon] = [y, x].map((at) => block.axes[at].values.map(Number));
  const [down, along] = [y, x].map((at) => block.axes.slice(at + 1).reduce((n, axis) => n * axis.values.length, 1));
  const values = new Float64Array(lat.length * lon.length);
  for (let j = 0; j < lat.length; j += 1) for (let i = 0; i < lon.length; i += 1) values[j * lon.length + i] = block.values[j * down + i * along];
  return { lat, lon, values };
}

/** Edges between the centres of cells. @param {number[]} centres */
export function edges(centres) {
  const n = centres.length;
  if (n === 1) return [centres[0] - 0.5, centres[0] + 0.5];
  const inner = centres.slice(1).map((value, i) => (value + centres[i]) / 2);
  return [2 * centres[0] - inner[0], ...inner, 2 * centres[n - 1] - inner[n - 2]];
}

/** Weights of latitudes in a mean over the sphere. @param {number[]} lat */
export function areaWeights(lat) {
  return lat.map((value) => Math.max(0, Math.cos((value * Math.PI) / 180)));
}
