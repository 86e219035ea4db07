/**
 * World coordinates of FITS images: gnomonic projections (TAN), with the distortions
 * TPV (SCAMP's PVi_m) and SIP. FITS papers II (Calabretta and Greisen, 2002) and the SIP
 * convention (Shupe et al., 2005). Angles are degrees, pixels count from 1.
 */

const DEGREE = Math.PI / 180;

/** Powers of x, y and r of the TPV terms 0 to 11, in the registry's order. */
const TPV = [[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [2, 0, 0], [1, 1, 0], [0, 2, 0], [3, 0, 0], [2, 1, 0], [1, 2, 0], [0, 3, 0], [0, 0, 3]];

/**
 * Reads the cards of a FITS header.
 * @param {string} text 80 characters a card. @returns {Record<string, string | number | boolean>}
 */
export function readCards(text) {
  /** @type {Record<string, any>} */
  const cards = {};
  for (let i = 0; i + 80 <= text.length; i += 80) {
    const card = text.slice(i, i + 80);
    const name = card.slice(0, 8).trim();
    if (name === "END") break;
    if (card.slice(8, 10) !== "= ") continue;
    const quoted = /^\s*'((?:[^']|'')*)'/.exec(card.slice(10));
    const plain = card.slice(10).split("/")[0].trim();
    if (quoted) cards[name] = quoted[1].replaceAll("''", "'").trimEnd();
    else if (plain === "T" || plain === "F") cards[name] = plain === "T";
    else if (plain) cards[name] = Number(plain.replace(/[dD]/, "E"));
  }
  return cards;
}

/** Where the pixels of one image are on the sky. */
export class Wcs {
  /** @param {Record<string, any>} cards @throws {RangeError} for a projection that is not read here. */
  constructor(cards) {
    const kind = /^RA---(TAN|TPV|TAN-SIP)$/.exec(String(cards.CTYPE1 ?? "").trim());
    if (!kind) throw new RangeError(`The projection “${cards.CTYPE1}” is not read here.`);
    this.width = Number(cards.NAXIS1);
    this.height = Number(cards.NAXIS2);
    this.reference = [Number(cards.CRPIX1), Number(cards.CRPIX2)];
    this.centre = [Number(cards.CRVAL1), Number(cards.CRVAL2)];
    this.matrix = matrixOf(cards);
    this.sip = kind[1] === "TAN-SIP" ? [polynomial(cards, "A"), polynomial(cards, "B")] : null;
    this.tpv = this.sip === null && "PV1_1" in cards ? [tpvTerms(cards, 1), tpvTerms(cards, 2)] : null;
  }

  /** Right ascension and declination of a pixel. @param {number} x @param {number} y @returns {[number, number]} */
  toSky(x, y) {
    const [xi, eta] = this._plane(x, y);
    const [ra0, dec0] = this.centre.map((angle) => angle * DEGREE);
    const [a, b] = [xi * DEGREE, eta * DEGREE];
    const down = Math.cos(dec0) - b * Math.sin(dec0);
    const ra = ra0 + Math.atan2(a, down);
    const dec = Math.atan2(Math.sin(dec0) + b * Math.cos(dec0), Math.hypot(a, down));
    return [((ra / DEGREE) % 360 + 360) % 360, dec / DEGREE];
  }

  /** @param {number} x @param {number} y Place in the tangent plane. @returns {[number, number]} */
  _plane(x, y) {
    let [u, v] = [x - this.reference[0], y - this.reference[1]];
    if (this.sip) [u, v] = [u + sum(this.sip[0], u, v), v + sum(this.sip[1], u, v)];
    const [a, b] = [this.matrix[0] * u + this.matrix[1] * v, this.matrix[2] * u + this.matrix[3] * v];
    return this.tpv ? [tpvSum(this.tpv[0], a, b), tpvSum(this.tpv[1], b, a)] : [a, b];
  }

  /** The pixel of a place, by Newton's steps. @param {number} ra @param {number} dec @returns {[number, number]} */
  toPixel(ra, dec) {
    const wanted = offsets(ra, dec, this.centre[0], this.centre[1]);
    let [x, y] = this.reference;
    for (let step = 0; step < 30; step += 1) {
      const here = this._plane(x, y);
      const [dx, dy] = solve(this._slope(x, y), wanted[0] - here[0], wanted[1] - here[1]);
      [x, y] = [x + dx, y + dy];
      if (Math.hypot(dx, dy) < 1e-6) break;
    }
    return [x, y];
  }

  /** @param {number} x @param {number} y Change of the place in the plane for a pixel. */
  _slope(x, y) {
    const [left, right, low, high] = [this._plane(x - 0.5, y), this._plane(x + 0.5, y), this._plane(x, y - 0.5), this._plane(x, y + 0.5)];
    return [right[0] - left[0], high[0] - low[0], right[1] - left[1], high[1] - low[1]];
  }

  /**
   * How offsets on the sky (east, north) change for a pixel at a place: `[a, b, c, d]`.
   * @param {number} ra @param {number} dec
   */
  localMatrix(ra, dec) {
    const [x, y] = this.toPixel(ra, dec);
    const [left, right, low, high] = [[x - 0.5, y], [x + 0.5, y], [x, y - 0.5], [x, y + 0.5]].map(([px, py]) => offsets(...this.toSky(px, py), ra, dec));
    return [right[0] - left[0], high[0] - low[0], right[1] - left[1], high[1] - low[1]];
  }
}

/**
 * Gnomonic offsets east and north of a centre, in degrees.
 * @param {number} ra @param {number} dec @param {number} ra0 @param {number} dec0 @returns {[number, number]}
 */
export function offsets(ra, dec, ra0, dec0) {
  const [d, d0, a] = [dec * DEGREE, dec0 * DEGREE, (ra - ra0) * DEGREE];
  const scale = Math.sin(d) * Math.sin(d0) + Math.cos(d) * Math.cos(d0) * Math.cos(a);
  return [Math.cos(d) * Math.sin(a) / scale / DEGREE, (Math.sin(d) * Math.cos(d0) - Math.cos(d) * Math.sin(d0) * Math.cos(a)) / scale / DEGREE];
}

/**
 * The place at gnomonic offsets from a centre: `offsets` the other way.
 * @param {number} xi @param {number} eta @param {number} ra0 @param {number} dec0 @returns {[number, number]}
 */
export function placeAt(xi, eta, ra0, dec0) {
  const plane = new Wcs({ CTYPE1: "RA---TAN", CRPIX1: 0, CRPIX2: 0, CRVAL1: ra0, CRVAL2: dec0, CD1_1: 1, CD2_2: 1 });
  return plane.toSky(xi, eta);
}

/** @param {Record<string, any>} cards */
function matrixOf(cards) {
  if (["CD1_1", "CD1_2", "CD2_1", "CD2_2"].some((name) => name in cards)) {
    return [cards.CD1_1 ?? 0, cards.CD1_2 ?? 0, cards.CD2_1 ?? 0, cards.CD2_2 ?? 0];
  }
  const [d1, d2] = [cards.CDELT1 ?? 1, cards.CDELT2 ?? 1];
  if ("CROTA2" in cards && !("PC1_1" in cards)) {
    const [c, s] = [Math.cos(cards.CROTA2 * DEGREE), Math.sin(cards.CROTA2 * DEGREE)];
    return [d1 * c, -d2 * s, d1 * s, d2 * c];
  }
  return [d1 * (cards.PC1_1 ?? 1), d1 * (cards.PC1_2 ?? 0), d2 * (cards.PC2_1 ?? 0), d2 * (cards.PC2_2 ?? 1)];
}

/** @param {Record<string, any>} cards @param {string} letter @returns {[number, number, number][]} */
function polynomial(cards, letter) {
  return Object.entries(cards).flatMap(([name, value]) => {
    const match = new RegExp(`^${letter}_(\\d)_(\\d)$`).exec(name);
    return match ? [/** @type {[number, number, number]} */ ([Number(match[1]), Number(match[2]), Number(value)])] : [];
  });
}

/** @param {[number, number, number][]} terms @param {number} u @param {number} v */
function sum(terms, u, v) {
  return terms.reduce((total, [p, q, value]) => total + value * u ** p * v ** q, 0);
}

/** @param {Record<string, any>} cards @param {number} axis */
function tpvTerms(cards, axis) {
  return TPV.map((_, i) => Number(cards[`PV${axis}_${i}`] ?? (i === 1 ? 1 : 0)));
}

/** @param {number[]} terms @param {number} x @param {number} y */
function tpvSum(terms, x, y) {
  const r = Math.hypot(x, y);
  return terms.reduce((total, value, i) => (value ? total + value * x ** TPV[i][0] * y ** TPV[i][1] * r ** TPV[i][2] : total), 0);
}

/** @param {number[]} m @param {number} p @param {number} q */
function solve([a, b, c, d], p, q) {
  const determinant = a * d - b * c;
  return [(d * p - b * q) / determinant, (a * q - c * p) / determinant];
}

/**
 * Reads a place: two numbers in degrees, or sexagesimal hours and degrees.
 * @param {string} text @returns {[number, number] | null}
 */
export function readPlace(text) {
  const plain = text.trim().split(/[\s,]+/);
  if (plain.length === 2 && plain.every((part) => /^[-+]?\d+(\.\d*)?$/.test(part))) return checked(Number(plain[0]), Number(plain[1]));
  const parts = text.trim().split(/[\s:hdms°'"]+/).filter(Boolean);
  if (parts.length !== 6 || parts.some((part) => !/^[-+]?\d+(\.\d*)?$/.test(part))) return null;
  const [h, m, s, d, am, as_] = parts.map((part) => Math.abs(Number(part)));
  return checked((h + m / 60 + s / 3600) * 15, (parts[3].startsWith("-") ? -1 : 1) * (d + am / 60 + as_ / 3600));
}

/** @param {number} ra @param {number} dec @returns {[number, number] | null} */
function checked(ra, dec) {
  return ra >= 0 && ra < 360 && Math.abs(dec) <= 90 ? [ra, dec] : null;
}

/** A place as hours and degrees, to 0.01 s. @param {number} ra @param {number} dec */
export function sexagesimal(ra, dec) {
  return `${parts(ra / 15, 2, 24)} ${dec < 0 ? "-" : "+"}${parts(Math.abs(dec), 1)}`;
}

/** @param {number} value @param {number} places @param {number} [turn] Where it begins again at zero. */
function parts(value, places, turn = 360) {
  const unit = 10 ** places;
  const total = Math.round(value * 3600 * unit) % (turn * 3600 * unit);
  const [whole, minutes, seconds] = [Math.floor(total / (3600 * unit)), Math.floor(total / (60 * unit)) % 60, (total % (60 * unit)) / unit];
  return [whole, minutes].map((part) => String(part).padStart(2, "0")).join(":") + `:${seconds.toFixed(places).padStart(3 + places, "0")}`;
}
