/** A small picture of a data set: its first field. */
import { paint, rangeOf, scaleFor } from "./colours.js";
import { mapVariables, otherAxes, readBlock, readDataset, readField, textAt } from "./grid.js";

const MOST_CELLS = 150_000;

/**
 * Returns the address of a picture, or "" for what has no small field.
 * @param {import("../client/gateway.js").Gateway} gateway @param {string} id @param {AbortSignal} signal
 */
export async function fieldPicture(gateway, id, signal) {
  const variable = mapVariables(readDataset(await gateway.datasets.get(id, signal)))[0];
  if (!variable) return "";
  const cells = variable.axes.filter((axis) => ["lat", "lon"].includes(axis.kind)).reduce((n, axis) => n * axis.values.length, 1);
  if (cells === 0 || cells > MOST_CELLS) return "";
  const chosen = otherAxes(variable).filter(({ values }) => values[0] !== null).map((axis) => [axis.parameter, textAt(axis, 0)]);
  const answer = await gateway.datasets.subset(id, { var: variable.name, ...Object.fromEntries(chosen) }, signal);
  const field = readField(readBlock(answer, variable.name));
  const canvas = paint(field.values, field.lon.length, field.lat.length, scaleFor(rangeOf(field.values)));
  const upright = field.lat[0] >= (field.lat.at(-1) ?? 0) ? canvas : flipped(canvas);
  const blob = await new Promise((resolve) => upright.toBlob(resolve));
  return blob ? URL.createObjectURL(/** @type {Blob} */ (blob)) : "";
}

/** @param {HTMLCanvasElement} canvas South up, as many files have it. */
function flipped(canvas) {
  const other = document.createElement("canvas");
  [other.width, other.height] = [canvas.width, canvas.height];
  const context = /** @type {CanvasRenderingContext2D} */ (other.getContext("2d"));
  context.setTransform(1, 0, 0, -1, 0, canvas.height);
  context.drawImage(canvas, 0, 0);
  return other;
}
