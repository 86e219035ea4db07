/** What is left of an allocation day by day, and what is expected to be. */

/** @typedef {{past: [string, number][], coming: [string, number, number, number][], top: number}} BurnDown Hours at the ends of days; `coming` has low, middle and high. */

const HOUR = 3600;

/**
 * What is left of an allocation, or without one what was used, at the end of each day. Today is
 * in the forecast, if there is one.
 * @param {any} answer Of `/burn-down`. @returns {BurnDown}
 */
export function burnDownOf({ granted, used, starts_on: starts, history, forecast }) {
  const level = (/** @type {number} */ spent) => (granted === null ? spent : granted - spent) / HOUR;
  /** @type {[string, number][]} */
  const past = [];
  let spent = used;
  for (const { day, seconds } of [...history].reverse()) {
    if (starts && day < starts) break;
    past.unshift([day, level(spent)]);
    spent -= seconds;
  }
  if (!forecast.length) return { past, coming: [], top: topOf(granted, past.map(([, value]) => value)) };
  const before = used - (history.at(-1)?.seconds ?? 0);
  past.pop();
  const last = past.at(-1);
  const start = /** @type {[string, number, number, number][]} */ (last ? [[last[0], last[1], last[1], last[1]]] : []);
  const rest = forecast.map((/** @type {any} */ one) => [one.day, ...[one.low, one.middle, one.high].map((more) => level(before + more)).sort((a, b) => a - b)]);
  const coming = [...start, ...rest];
  return { past, coming, top: topOf(granted, [...past.map(([, value]) => value), ...coming.map(([, , , high]) => high)]) };
}

/** @param {number | null} granted @param {number[]} values */
function topOf(granted, values) {
  return Math.max(granted === null ? 0 : granted / HOUR, ...values, 1e-3);
}
