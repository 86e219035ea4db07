/** Objects of the sky by their candidates, and what is near a place of the picture. */

/** @typedef {{id: string, ra: number, dec: number, snr: number, candidates: number, real: number, bogus: number}} SkyObject */

/** The objects of candidates, the most significant first. @param {any[]} candidates In that order. @returns {SkyObject[]} */
export function objectsOf(candidates) {
  /** @type {Map<string, SkyObject>} */
  const objects = new Map();
  for (const { object: id, ra, dec, snr, votes } of candidates) {
    const one = objects.get(id) ?? { id, ra, dec, snr, candidates: 0, real: 0, bogus: 0 };
    objects.set(id, { ...one, candidates: one.candidates + 1, real: one.real + votes.real, bogus: one.bogus + votes.bogus });
  }
  return [...objects.values()];
}

/** How far a point is from a line between two others. @param {number[]} point @param {number[]} from @param {number[]} to */
export function distanceToLine([x, y], [ax, ay], [bx, by]) {
  const length = (bx - ax) ** 2 + (by - ay) ** 2;
  const share = length ? Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length)) : 0;
  return Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
}
