/** Coastlines (Natural Earth, public domain), as lines of longitude and latitude. */

/** @typedef {number[][]} Line */

const EDGE = 1e-3;

/**
 * The world's coasts, at the scale of 1 to 110 or to 50 million; read when first asked for.
 * @param {boolean} fine @returns {Promise<Line[]>}
 */
export async function coastlines(fine) {
  const { lines } = fine ? await import("../vendor/coast-50m.js") : await import("../vendor/coast-110m.js");
  return lines.flatMap(withoutSeams);
}

/**
 * The parts of a line that are coast: a map of land also has lines where it was cut
 * open, at 180 degrees and at the pole.
 * @param {Line} line @returns {Line[]}
 */
export function withoutSeams(line) {
  /** @type {Line[]} */
  const parts = [];
  let part = [line[0]];
  for (let i = 1; i < line.length; i += 1) {
    if (isSeam(line[i - 1], line[i])) {
      if (part.length > 1) parts.push(part);
      part = [line[i]];
    } else part.push(line[i]);
  }
  if (part.length > 1) parts.push(part);
  return parts;
}

/** @param {number[]} from @param {number[]} to */
function isSeam(from, to) {
  if (Math.abs(from[0] - to[0]) > 180) return true;
  const atSide = Math.abs(from[0]) > 180 - EDGE && Math.abs(to[0]) > 180 - EDGE;
  return atSide || (from[1] < -90 + EDGE && to[1] < -90 + EDGE);
}
