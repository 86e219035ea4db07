/** Numbers with units and times in words. */

const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** @param {number | null | undefined} bytes */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "";
  let [value, unit] = [bytes, 0];
  while (value >= 1024 && unit < BINARY.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${BINARY[unit]}`;
}

/** @param {number} seconds A length of time, such as `2 h 05 min`. */
export function duration(seconds) {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor(s / 60) % 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
}

/** @param {number} n */
function two(n) {
  return String(n).padStart(2, "0");
}

/** @param {string | null | undefined} from @param {string | null} [to] Seconds between two moments; to now. */
export function secondsBetween(from, to) {
  if (!from) return 0;
  return ((to ? Date.parse(to) : Date.now()) - Date.parse(from)) / 1000;
}

/** @param {string | null | undefined} moment How long ago, in words. */
export function ago(moment) {
  if (!moment) return "";
  const seconds = secondsBetween(moment);
  if (seconds < 5) return "just now";
  if (seconds < 86400 * 2) return `${duration(seconds).replace(/ \d\d (s|min)$/, "")} ago`;
  return `${Math.floor(seconds / 86400)} days ago`;
}

/** @param {string | null | undefined} moment The local date and time, short. */
export function local(moment) {
  if (!moment) return "";
  const date = new Date(moment);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** @param {string | null | undefined} moment The local time with its zone, and UTC, for a title. */
export function exact(moment) {
  if (!moment) return "";
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return `${local(moment)} ${zone}; ${moment.replace("T", " ").replace(/\.\d+/, "").replace("Z", " UTC")}`;
}

/** @param {number} n @param {string} one @param {string} [many] */
export function count(n, one, many = `${one}s`) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
}

const MOST_FIGURES = 15;

/**
 * A value with the figures that its neighbours need: a difference of `step` shows, and at
 * least five figures are given.
 * @param {number} value @param {number} [step] The smallest difference that matters.
 */
export function figure(value, step = 0) {
  if (!Number.isFinite(value)) return "–";
  const size_ = Math.abs(value);
  const above = size_ === 0 ? 0 : Math.floor(Math.log10(size_));
  const below = step > 0 ? Math.ceil(-Math.log10(step)) : -Infinity;
  const figures = Math.min(MOST_FIGURES, Math.max(5, above + 1 + below));
  if (size_ !== 0 && (size_ < 1e-3 || size_ >= 1e6)) {
    return value.toExponential(step > 0 ? figures - 1 : 2).replace("e+", "e");
  }
  return String(Number(value.toPrecision(figures)));
}

/** The smallest difference that matters among values: a thousandth of their range. @param {number} low @param {number} high */
export function stepOf(low, high) {
  return Number.isFinite(high - low) ? (high - low) / 1000 : 0;
}

/** @param {number} degrees */
export function latitude(degrees) {
  return angle(degrees, degrees < 0 ? "S" : "N");
}

/** @param {number} degrees East of Greenwich, of any range. */
export function longitude(degrees) {
  const east = ((((degrees + 180) % 360) + 360) % 360) - 180;
  return angle(east, east === -180 ? "" : east < 0 ? "W" : "E");
}

/** @param {number} degrees @param {string} side */
function angle(degrees, side) {
  return `${Number(Math.abs(degrees).toFixed(2))}°${degrees === 0 ? "" : side}`;
}
