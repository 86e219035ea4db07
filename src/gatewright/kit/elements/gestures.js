/** Wheel, drag and pinch on a picture, by pointer events: mouse, pen and fingers alike. */

/**
 * @typedef {object} Hands What a picture does of it; places and ways are in pixels of the window.
 * @property {(x: number, y: number) => void} drag The way that the picture is drawn along.
 * @property {(factor: number, x: number, y: number) => void} zoom About a place; above 1 one sees more.
 * @property {() => void} end All fingers are off, or the wheel rests.
 */

/** Steps of a wheel that make the picture twice as wide, and the most of one event. */
const PIXELS_TO_DOUBLE = 300;
const PIXELS_TO_DOUBLE_BY_PINCH = 100;
const LINE_PIXELS = 40;
const WHEEL_RESTS_MS = 200;
/** A pointer that moves less is a click. */
const SLACK = 4;

/**
 * Zooms by the wheel. Who looks at a map expects that without a key; who reads a page
 * expects it to scroll on when a picture comes under a pointer at rest. So the wheel is
 * the picture's once the pointer has moved over it, and the page's again when the page
 * scrolls. A trackpad's pinch comes as a wheel with Ctrl, and is always the picture's.
 * @param {HTMLElement} place @param {Pick<Hands, "zoom" | "end">} hands @param {AbortSignal} signal
 */
export function zoomByWheel(place, { zoom, end }, signal) {
  let [meant, rest] = [false, 0];
  const move = (/** @type {PointerEvent} */ event) => { if (event.movementX || event.movementY) meant = true; };
  const turn = (/** @type {WheelEvent} */ event) => {
    if (!meant && !event.ctrlKey) return;
    event.preventDefault();
    const way = event.deltaY * (event.deltaMode ? LINE_PIXELS : 1);
    const steps = way / (event.ctrlKey ? PIXELS_TO_DOUBLE_BY_PINCH : PIXELS_TO_DOUBLE);
    zoom(2 ** Math.max(-1, Math.min(1, steps)), event.clientX, event.clientY);
    window.clearTimeout(rest);
    rest = window.setTimeout(end, WHEEL_RESTS_MS);
  };
  place.addEventListener("pointermove", move, { signal });
  place.addEventListener("pointerleave", () => (meant = false), { signal });
  window.addEventListener("scroll", () => (meant = false), { signal, capture: true, passive: true });
  place.addEventListener("wheel", turn, { signal, passive: false });
}

/** The fingers (or the one pointer) on a picture. */
export class Fingers {
  /** @param {HTMLElement} place With `touch-action: none`. @param {Hands} hands @param {AbortSignal} signal */
  constructor(place, hands, signal) {
    this._hands = hands;
    /** @type {Map<number, {x: number, y: number}>} */
    this._down = new Map();
    /** Whether what is going on is more than a click. */
    this.moved = false;
    this._start = { x: 0, y: 0 };
    place.addEventListener("pointerdown", (event) => this._press(place, event), { signal });
    place.addEventListener("pointermove", (event) => this._move(event), { signal });
    for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) place.addEventListener(name, (event) => this._lift(event), { signal });
  }

  /** @param {HTMLElement} place @param {PointerEvent} event */
  _press(place, event) {
    if (event.button) return;
    if (!this._down.size) {
      this.moved = false;
      this._start = { x: event.clientX, y: event.clientY };
    } else this.moved = true;
    this._down.set(event.pointerId, { x: event.clientX, y: event.clientY });
    place.setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  _move(event) {
    if (!this._down.has(event.pointerId)) return;
    const to = { x: event.clientX, y: event.clientY };
    this.moved ||= Math.hypot(to.x - this._start.x, to.y - this._start.y) > SLACK;
    if (!this.moved) return;
    const before = span([...this._down.values()]);
    this._down.set(event.pointerId, to);
    const after = span([...this._down.values()]);
    this._hands.drag(after.x - before.x, after.y - before.y);
    if (before.length && after.length) this._hands.zoom(before.length / after.length, after.x, after.y);
  }

  /** @param {PointerEvent} event */
  _lift(event) {
    if (this._down.delete(event.pointerId) && !this._down.size && this.moved) this._hands.end();
  }
}

/** The middle of the fingers, and how far two are apart; 0 for one. @param {{x: number, y: number}[]} fingers */
function span([one, other = one]) {
  return { x: (one.x + other.x) / 2, y: (one.y + other.y) / 2, length: Math.hypot(one.x - other.x, one.y - other.y) };
}
