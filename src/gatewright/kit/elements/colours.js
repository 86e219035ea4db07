/** Colours of fields: perceptual maps, given by their anchors and drawn between them. */

/** @type {Record<string, string[]>} */
export const MAPS = {
  viridis: ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"],
  cividis: ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#e1cc55", "#fee838"],
  diverging: ["#122a66", "#2b5fa8", "#6fa3cf", "#bcd5e6", "#f2f1ee", "#ecc0ab", "#d5836b", "#ad3f3d", "#651020"],
};

const STEPS = 256;

/** @param {string} name @returns {Uint8ClampedArray} 256 colours, red green blue each. */
export function colourTable(name) {
  const anchors = (MAPS[name] ?? MAPS.viridis).map((hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)));
  const table = new Uint8ClampedArray(STEPS * 3);
  for (let i = 0; i < STEPS; i += 1) {
    const place = (i / (STEPS - 1)) * (anchors.length - 1);
    const low = Math.min(Math.floor(place), anchors.length - 2);
    for (let c = 0; c < 3; c += 1) table[i * 3 + c] = anchors[low][c] + (place - low) * (anchors[low + 1][c] - anchors[low][c]);
  }
  return table;
}

/** Smallest and largest of the values that are there. @param {ArrayLike<number>} values @returns {[number, number]} */
export function rangeOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i += 1) {
    const value = values[i];
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? [0, 1] : low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/**
 * The map and limits that show values honestly: around zero where they lie on both
 * sides of it, from the smallest to the largest otherwise.
 * @param {[number, number]} range @returns {{map: string, low: number, high: number}}
 */
export function scaleFor([low, high]) {
  const reach = Math.max(Math.abs(low), Math.abs(high));
  const balanced = low < 0 && high > 0 && Math.min(-low, high) > reach / 4;
  return balanced ? { map: "diverging", low: -reach, high: reach } : { map: "viridis", low, high };
}

/**
 * Paints values, row by row; what is missing stays clear.
 * @param {ArrayLike<number>} values @param {number} width @param {number} height
 * @param {{map: string, low: number, high: number}} scale
 */
export function paint(values, width, height, scale) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const image = context.createImageData(width, height);
  const table = colourTable(scale.map);
  const step = (STEPS - 1) / (scale.high - scale.low || 1);
  for (let i = 0; i < values.length; i += 1) {
    if (!Number.isFinite(values[i])) continue;
    const colour = 3 * Math.max(0, Math.min(STEPS - 1, Math.round((values[i] - scale.low) * step)));
    image.data.set(table.subarray(colour, colour + 3), i * 4);
    image.data[i * 4 + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return canvas;
}
