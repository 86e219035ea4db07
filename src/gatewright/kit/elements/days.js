/** Times of images as days, between which a form asks. */

const DAY = /^\d{4}-\d\d-\d\d$/;

/** The days of a time as the gateway takes it (`2024-01-16/..`); empty where it is of another form. @param {string} time @returns {[string, string]} */
export function daysOf(time) {
  const [from, to = from] = time.split("/");
  const day = (/** @type {string} */ text) => (DAY.test(text) ? text : "");
  return [day(from), day(to)];
}

/** The time between two days, each of which may be open. @param {string} from @param {string} to */
export function between(from, to) {
  return from || to ? `${from || ".."}/${to || ".."}` : "";
}
