/** What is left of an allocation day by day, and what is expected to be. */

/** @typedef {{past: [string, number][], coming: [string, number, number, number][], top: number}} BurnDown Hours at the ends of days; `coming` has low, middle and high. */

const HOUR = 3600;

/**
 * What is left of an allocation, or without one what was used, at the end of each day of it. Today
 * is in the forecast, if there is one. Where the allocation has no first day, what is drawn begins
 * with the day before the first use.
 * @param {any} answer Of `/burn-down`. @returns {BurnDown}
 */
export function burnDownOf({ granted, used, starts_on: starts, ends_on: ends, history, forecast }) {
  const level = (/** @type {number} */ spent) => (granted === null ? spent : granted - spent) / HOUR;
  const counts = (/** @type {any} */ { day }) => (!starts || day >= starts) && (!ends || day <= ends);
  const first = starts ? 0 : Math.max(0, history.findIndex((/** @type {any} */ one) => one.seconds) - 1);
  /** @type {[string, number][]} */
  const past = [];
  let spent = used;
  for (const one of history.slice(first).filter(counts).reverse()) {
    past.unshift([one.day, level(spent)]);
    spent -= one.seconds;
  }
  const today = history.at(-1);
  const expected = today && counts(today) ? forecast.filter(counts) : [];
  if (!expected.length) return { past, coming: [], top: topOf(granted, past.map(([, value]) => value)) };
  const before = used - today.seconds;
  past.pop();
  const last = past.at(-1);
  const start = /** @type {[string, number, number, number][]} */ (last ? [[last[0], last[1], last[1], last[1]]] : []);
  const rest = expected.map((/** @type {any} */ one) => [one.day, ...[one.low, one.middle, one.high].map((more) => level(before + more)).sort((a, b) => a - b)]);
  const coming = [...start, ...rest];
  return { past, coming, top: topOf(granted, [...past.map(([, value]) => value), ...coming.map(([, , , high]) => high)]) };
}

/** @param {number | null} granted @param {number[]} values */
function topOf(granted, values) {
  return Math.max(granted === null ? 0 : granted / HOUR, ...values, 1e-3);
}
