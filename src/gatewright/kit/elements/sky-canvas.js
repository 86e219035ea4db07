/** The picture of a place of the sky: an image by its world coordinates, and marks over it. */

/**
 * @typedef {object} Sight What is to be seen.
 * @property {{picture: ImageBitmap | null, wcs: import("../client/wcs.js").Wcs | null} | null} epoch
 * @property {[number, number]} centre Degrees. @property {number} fov Side of the picture in degrees.
 * @property {boolean} marks
 */

/** Pixels of the canvas to a side. */
export const SIDE = 720;

/** Draws the whole picture anew, north up and east left. @param {CanvasRenderingContext2D} context @param {Sight} sight */
export function drawSky(context, { epoch, centre, fov, marks }) {
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.fillStyle = "#000";
  context.fillRect(0, 0, SIDE, SIDE);
  if (epoch?.picture && epoch.wcs) drawPicture(context, epoch.picture, epoch.wcs, centre, fov);
  if (marks) drawMarks(context, fov);
}

/**
 * Draws a picture by the world coordinates of its pixels.
 * @param {CanvasRenderingContext2D} context @param {ImageBitmap} picture @param {import("../client/wcs.js").Wcs} wcs
 * @param {[number, number]} centre @param {number} fov
 */
function drawPicture(context, picture, wcs, [ra, dec], fov) {
  const [x, y] = wcs.toPixel(ra, dec);
  const [a, b, c, d] = wcs.localMatrix(ra, dec);
  const k = SIDE / fov;
  const s = picture.width / wcs.width;
  // A pixel of the picture is 1/s of the image's, and its rows run downwards.
  context.setTransform((-a * k) / s, (-c * k) / s, (b * k) / s, (d * k) / s, 0, 0);
  const m = context.getTransform();
  const [px, py] = [(x - 0.5) * s, picture.height - (y - 0.5) * s];
  context.setTransform(m.a, m.b, m.c, m.d, SIDE / 2 - (m.a * px + m.c * py), SIDE / 2 - (m.b * px + m.d * py));
  context.imageSmoothingEnabled = Math.abs(k * a / s) < 1;
  context.drawImage(picture, 0, 0);
  context.setTransform(1, 0, 0, 1, 0, 0);
}

/** A cross around the centre, the directions, and a bar of scale. @param {CanvasRenderingContext2D} context @param {number} fov */
function drawMarks(context, fov) {
  context.font = "600 14px system-ui";
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(SIDE / 2 + dx * 12, SIDE / 2 + dy * 12);
    context.lineTo(SIDE / 2 + dx * 28, SIDE / 2 + dy * 28);
  }
  context.moveTo(SIDE - 34, 66); context.lineTo(SIDE - 34, 30);
  context.moveTo(SIDE - 34, 66); context.lineTo(SIDE - 70, 66);
  const arc = niceArc(fov);
  const length = (arc / fov) * SIDE;
  context.moveTo(16, SIDE - 48); context.lineTo(16 + length, SIDE - 48);
  // A dark edge keeps the marks legible on noise and on galaxies.
  for (const [colour, width] of /** @type {[string, number][]} */ ([["rgb(0 0 0 / 0.85)", 5], ["#76b5f5", 1.8]])) {
    [context.strokeStyle, context.lineWidth] = [colour, width];
    context.stroke();
  }
  for (const [text, x, y] of /** @type {[string, number, number][]} */ ([["N", SIDE - 39, 24], ["E", SIDE - 86, 71], [arcWords(arc), 16, SIDE - 56]])) {
    [context.strokeStyle, context.lineWidth, context.fillStyle] = ["#000", 4, "#a9d2fb"];
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}

/** @param {number} fov An arc of 1, 2 or 5 times a power of ten of arcseconds, about a fifth of the picture. */
function niceArc(fov) {
  const wanted = (fov * 3600) / 5;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return ([5, 2, 1].find((one) => one * power <= wanted) ?? 1) * power / 3600;
}

/** @param {number} degrees */
function arcWords(degrees) {
  const seconds = degrees * 3600;
  if (seconds < 60) return `${Number(seconds.toPrecision(2))}″`;
  return seconds < 3600 ? `${Number((seconds / 60).toPrecision(2))}′` : `${Number(degrees.toPrecision(2))}°`;
}

/** @param {number} fov A side that a picture may have, in degrees. */
export function withinSky(fov) {
  return Math.min(10, Math.max(1e-4, fov));
}

/** An angle in degrees, rounded to 4 mas as it is shown and announced. @param {number} angle */
export function roundAngle(angle) {
  return Number(angle.toFixed(6));
}
