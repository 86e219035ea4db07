/** Areas of the sky in words. */

/** @param {number} degrees Square degrees, as an area of the sky with two figures in a unit that suits it. */
export function skyArea(degrees) {
  /** @type {[number, string][]} */
  const units = [[1, "square degrees"], [3600, "square arcminutes"], [3600 ** 2, "square arcseconds"]];
  const [times, unit] = units.find(([many]) => degrees * many >= 0.1) ?? units[2];
  return `${Number((degrees * times).toPrecision(2)).toLocaleString("en")} ${unit}`;
}
