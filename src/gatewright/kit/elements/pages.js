/** How much of a long listing to ask for. */

/** Items that one answer may hold. */
const LARGEST_PAGE = 1000;

/** @template T @typedef {{items: T[], next: string | null}} Part Items of a listing and the cursor of those after them. */
/** @template T @typedef {(query: {limit: number, cursor?: string | null}) => Promise<Part<T>>} Ask */

/**
 * What comes after the items that are shown: as many again, as one who asks twice wants all.
 * @template T @param {Part<T>} shown @param {number} limit Items of the first page. @param {Ask<T>} ask @returns {Promise<Part<T>>}
 */
export async function after(shown, limit, ask) {
  const more = await ask({ limit: Math.min(LARGEST_PAGE, Math.max(limit, shown.items.length)), cursor: shown.next });
  return { items: [...shown.items, ...more.items], next: more.next };
}

/**
 * A listing as it is now: as long as what is shown, and where that was all of it, with room for what has come.
 * @template T @param {{items: T[] | null, next: string | null}} shown @param {number} limit Items of the first page. @param {Ask<T>} ask @returns {Promise<Part<T>>}
 */
export async function anew(shown, limit, ask) {
  const wanted = (shown.items?.length ?? 0) * (shown.next ? 1 : 2);
  let found = await ask({ limit: Math.min(LARGEST_PAGE, Math.max(limit, wanted)) });
  while (found.next && found.items.length < wanted) found = await after(found, limit, ask);
  return found;
}
