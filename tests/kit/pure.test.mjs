// Tests of the elements' pure parts in Node; run by test_kit.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Wcs, offsets, placeAt, readCards, readPlace, sexagesimal } from "../../src/gatewright/kit/client/wcs.js";
import { withoutSeams } from "../../src/gatewright/kit/elements/coastlines.js";
import { colourTable, rangeOf, scaleFor } from "../../src/gatewright/kit/elements/colours.js";
import { ago, duration, figure, size, stepOf } from "../../src/gatewright/kit/elements/format.js";
import { quoted, split } from "../../src/gatewright/kit/elements/shell-words.js";
import { gathered, holds } from "../../src/gatewright/kit/elements/job-arrays.js";
import { after, anew } from "../../src/gatewright/kit/elements/pages.js";
import { areaWeights, edges, indexOf, mapVariables, readBlock, readDataset, readField, textAt } from "../../src/gatewright/kit/elements/grid.js";
import { csvOf, seriesOf, stepIn } from "../../src/gatewright/kit/elements/series.js";
import { permissions } from "../../src/gatewright/kit/elements/permissions.js";
import { missingWords, pngText } from "../../src/gatewright/kit/elements/stamps.js";
import { skyArea } from "../../src/gatewright/kit/elements/sky-area.js";
import { distanceToLine, objectsOf } from "../../src/gatewright/kit/elements/sky-objects.js";
import { between, daysOf } from "../../src/gatewright/kit/elements/days.js";
import { addressOf, placeOf } from "../../src/gatewright/kit/portal/routes.js";

test("the epochs that a film does not show are named, three of them at most", () => {
  const lost = (/** @type {number} */ day) => ({ image: `${day}`, band: "r", time: `2021-03-0${day}T01:02:03`, reason: "It is gone." });
  assert.equal(missingWords([]), "");
  assert.equal(missingWords([{ ...lost(1), band: "", time: "" }]), "1 image not shown. no date: It is gone.");
  assert.equal(missingWords([1, 2, 3, 4].map(lost)), "4 images not shown. 2021-03-01 r: It is gone. 2021-03-02 r: It is gone. 2021-03-03 r: It is gone. And 1 more.");
  assert.equal(pngText(new Uint8Array(8), "Left out"), "");
});

test("sizes, lengths of time and figures have their units", () => {
  assert.deepEqual([0, 1023, 1536, 150 * 1024, 5 * 1024 ** 4, null].map(size), ["0 B", "1023 B", "1.5 KiB", "150 KiB", "5.0 TiB", ""]);
  assert.deepEqual([0, 59.4, 61, 3660, 90061].map(duration), ["0 s", "59 s", "1 min 01 s", "1 h 01 min", "1 d 1 h"]);
  assert.deepEqual([101325.123, 0, 1e-5, -2.5e8, NaN].map((one) => figure(one)), ["101330", "0", "1.00e-5", "-2.50e8", "–"]);
  assert.equal(ago(new Date(Date.now() - 3 * 86400e3).toISOString()), "3 days ago");
  assert.deepEqual(["0644", "755", "x"].map(permissions), ["rw-r--r--", "rwxr-xr-x", "x"]);
});

test("figures are as many as a difference needs", () => {
  assert.deepEqual([101287.4123, 101277.2456].map((one) => figure(one, 0.3)), ["101287.4", "101277.2"]);
  assert.deepEqual([[0.012345678, 1e-7], [-5, 0.01], [0, 0.1], [1e-5, 1e-8], [2.5e8, 1000]].map(([one, step]) => figure(one, step)), ["0.0123457", "-5", "0", "1.0000e-5", "2.50000e8"]);
  assert.deepEqual([stepOf(99875, 103720), stepOf(0, Infinity)], [3.845, 0]);
});

test("a series has the sample standard deviation of its members, and digits for it", () => {
  const axes = [{ kind: "time", values: ["1987-10-13T00:00:00", "1987-10-14T00:00:00"] }, { kind: "member", values: [1, 2, 3] }];
  const series = seriesOf({ axes, values: Float64Array.of(1, 2, 6, 4, 4, 4), units: "Pa" }, "");
  assert.deepEqual(series.mean, [3, 4]);
  assert.ok(Math.abs(series.high[0] - 3 - Math.sqrt(7)) < 1e-12); // numpy.std([1, 2, 6], ddof=1)
  assert.equal(series.high[1], 4);
  assert.equal(stepIn(series), 0.01);
  assert.equal(csvOf(series), `time,mean,standard_deviation\n1987-10-13T00:00:00,3,${series.high[0] - 3}\n1987-10-14T00:00:00,4,0\n`);
});

test("a value stands where it is on its axis, however it is written", () => {
  const time = { kind: "time", values: ["1987-10-13T00:00:00", "1987-10-14T12:00:00"] };
  assert.deepEqual(["1987-10-14T12:00", "1987-10-14 12", "1987-10-13", "1987-10-14T12:00:00Z", "1987-10-15", ""].map((one) => indexOf(time, one)), [1, 1, 0, 1, -1, -1]);
  const level = { kind: "level", values: [1000, 850] };
  assert.deepEqual(["850.0", "850", 850, "851", "x"].map((one) => indexOf(level, one)), [1, 1, 1, -1, -1]);
  assert.deepEqual(["03", "r1"].map((one) => indexOf({ kind: "member", values: [1, 2, 3] }, one)), [2, -1]);
  assert.equal(indexOf({ kind: "member", values: ["r1i1p1f1", "r2i1p1f1"] }, "r2i1p1f1"), 1);
});

test("an area of the sky has a unit in which people can picture it", () => {
  assert.deepEqual([41253, 1.24, 0.1].map(skyArea), ["41,000 square degrees", "1.2 square degrees", "0.1 square degrees"]);
  assert.deepEqual([0.0035, 1e-6].map(skyArea), ["13 square arcminutes", "13 square arcseconds"]);
});

test("a colour scale is balanced where values lie on both sides of zero", () => {
  assert.deepEqual(scaleFor([-3, 10]), { map: "diverging", low: -10, high: 10 });
  assert.deepEqual(scaleFor([-1, 10]), { map: "viridis", low: -1, high: 10 });
  assert.deepEqual(rangeOf([NaN, 2, 1, NaN]), [1, 2]);
  assert.deepEqual(rangeOf([NaN]), [0, 1]);
  assert.deepEqual(rangeOf([7]), [6.5, 7.5]);
  const table = colourTable("viridis");
  assert.deepEqual([...table.slice(0, 3), ...table.slice(-3)], [68, 1, 84, 253, 231, 37]);
});

test("perceptual maps grow lighter all the way", () => {
  for (const name of ["viridis", "cividis"]) {
    const table = colourTable(name);
    const light = Array.from({ length: 256 }, (_, i) => 0.2126 * table[3 * i] ** 2.2 + 0.7152 * table[3 * i + 1] ** 2.2 + 0.0722 * table[3 * i + 2] ** 2.2);
    for (let i = 8; i < 256; i += 8) assert.ok(light[i] > light[i - 8], `${name} at ${i}`);
  }
});

test("a data set is read as the gateway tells it", () => {
  const axes = [{ name: "lat", kind: "lat", units: "degrees_north", values: [10, 0] }, { name: "x", kind: "lon", units: "degrees_east", values: [0, 2, 4] }];
  const variables = [{ name: "t", title: "Temperature", units: "K", dimensions: ["lat", "x"], data: true }, { name: "lat", units: "", dimensions: ["lat"], data: false }];
  const dataset = readDataset({ id: "a", title: "", axes, variables });
  assert.deepEqual(mapVariables(dataset).map((one) => one.name), ["t"]);
  const coordinates = { lat: axes[0], x: axes[1] };
  const flat = readBlock({ coordinates, variables: { t: { units: "K", dimensions: ["lat", "x"], values: [1, 2, 3, 4, null, 6] } } }, "t");
  assert.deepEqual(readField(flat).values, Float64Array.of(1, 2, 3, 4, NaN, 6));
  const turned = readBlock({ coordinates, variables: { t_p97_5: { dimensions: ["x", "lat"], values: [1, 4, 2, 5, 3, 6] } } }, "t", "p97.5");
  assert.deepEqual(readField(turned).values, Float64Array.of(1, 2, 3, 4, 5, 6));
  const months = { ...flat, axes: [{ name: "month", kind: "month", units: "", values: [1, 7] }, ...flat.axes], values: Float64Array.of(...flat.values, 7, 8, 9, 10, 11, 12) };
  assert.deepEqual(readField(months).values, flat.values);
  assert.deepEqual(edges([0, 2, 4]), [-1, 1, 3, 5]);
  assert.deepEqual(edges([5]), [4.5, 5.5]);
  assert.ok(Math.abs(areaWeights([60])[0] - 0.5) < 1e-12);
});

test("an axis without values is chosen by position", () => {
  const axes = [{ name: "time", kind: "other", parameter: "time", values: [0, 1, 2], by_position: true }, { name: "lev", kind: "level", parameter: "level", values: [850, 500] }];
  const [time, level] = readDataset({ id: "a", axes, variables: [{ name: "t", dimensions: ["time", "lev"] }] }).variables[0].axes;
  assert.deepEqual([textAt(time, 2), textAt(level, 1)], ["index:2", "500"]);
  assert.deepEqual(["index:2", "index:3", "index:x", 1].map((one) => indexOf(time, one)), [2, -1, -1, 1]);
  assert.equal(indexOf(level, "index:1"), 1);
});

test("places are read in degrees and in hours, and others refused", () => {
  assert.deepEqual(readPlace("318.108 -66.016"), [318.108, -66.016]);
  const [ra, dec] = readPlace("21:12:26.0 -66:00:56");
  assert.ok(Math.abs(ra - 318.108333333) < 1e-8 && Math.abs(dec + 66.015555556) < 1e-8);
  assert.deepEqual(readPlace("00h00m00s -00d30m00s"), [0, -0.5]);
  assert.deepEqual(["", "1", "400 0", "1 91", "a b", "1:2:3 4:5"].map(readPlace), [null, null, null, null, null, null]);
  assert.equal(sexagesimal(318.10833333, -66.01555556), "21:12:26.00 -66:00:56.0");
  assert.equal(sexagesimal(359.9999999, 0), "00:00:00.00 +00:00:00.0");
});

test("offsets and places undo one another", () => {
  for (const [ra, dec] of [[10, 0], [359.999, 89], [180, -66]]) {
    const [xi, eta] = offsets(...placeAt(0.01, -0.02, ra, dec), ra, dec);
    assert.ok(Math.abs(xi - 0.01) < 1e-9 && Math.abs(eta + 0.02) < 1e-9);
  }
});

test("cards of a header are read, quotes, exponents and all", () => {
  const card = (text) => text.padEnd(80);
  const text = [card("SIMPLE  =                    T / yes"), card("CTYPE1  = 'RA---TAN'           / it's"), card("NAME    = 'O''Neil / x '"), card("CRVAL1  =  1.5D+02"), card("COMMENT = not a value"), card("HISTORY"), card("END"), card("AFTER   = 1")].join("");
  assert.deepEqual(readCards(text), { SIMPLE: true, CTYPE1: "RA---TAN", NAME: "O'Neil / x", CRVAL1: 150, "COMMENT": NaN });
});

test("a projection that is not known is refused", () => {
  assert.throws(() => new Wcs({ CTYPE1: "GLON-CAR" }), RangeError);
});

test("an address is a place, and a place an address", () => {
  const place = placeOf(new URL("http://g/files/local/a%20b/c?x=1"));
  assert.deepEqual([place.view, place.parts, place.query.get("x")], ["files", ["local", "a%20b", "c"], "1"]);
  assert.equal(placeOf(new URL("http://g/")).view, "home");
  assert.equal(addressOf("files", place.parts, place.query), "/files/local/a%20b/c?x=1");
  assert.equal(addressOf("home"), "/");
  assert.equal(addressOf("data", ["x"], { a: "", b: null, c: 0 }), "/data/x?c=0");
});

test("a coast has no line where the map of the world was cut open", () => {
  assert.deepEqual(withoutSeams([[170, 60], [180, 62], [180, 65], [175, 66]]), [[[170, 60], [180, 62]], [[180, 65], [175, 66]]]);
  assert.deepEqual(withoutSeams([[179, 60], [-179, 61], [-178, 62]]), [[[-179, 61], [-178, 62]]]);
  assert.deepEqual(withoutSeams([[-180, -85], [-180, -90], [180, -90], [180, -85], [160, -80]]), [[[180, -85], [160, -80]]]);
});

test("a long listing comes in parts that double, and again as long as it was", async () => {
  const asked = [];
  const ask = async ({ limit, cursor }) => {
    asked.push(limit);
    const start = Number(cursor ?? 0);
    const items = Array.from({ length: Math.min(limit, 3500 - start) }, (_, i) => start + i);
    const end = start + items.length;
    return { items, next: end < 3500 ? String(end) : null };
  };
  const nothing = { items: null, next: null };
  let shown = await anew(nothing, 300, ask);
  while (shown.next) shown = await after(shown, 300, ask);
  assert.deepEqual(asked.splice(0), [300, 300, 600, 1000, 1000, 1000]);
  assert.deepEqual(shown.items, Array.from({ length: 3500 }, (_, i) => i));
  const part = (length, next) => ({ items: shown.items.slice(0, length), next });
  assert.equal((await anew(part(2100, "2100"), 300, ask)).items.length, 3000);
  assert.deepEqual(asked.splice(0), [1000, 1000, 1000]);
  assert.equal((await anew(part(10, "10"), 300, ask)).items.length, 300);
  assert.equal((await anew(part(400, null), 300, ask)).items.length, 800);
  assert.deepEqual(await anew(part(3499, null), 300, ask), shown);
});

test("the elements of an array are one line", () => {
  const one = (id, state, more = {}) => ({ id, state, name: "a", array_index: Number(id.split("_")[1] ?? NaN) || null, started_at: null, ended_at: null, ...more });
  const jobs = [one("9", "active"), one("8_2", "failed", { ended_at: "2026-01-02", reason: "No." }), one("8_1", "completed", { ended_at: "2026-01-01" }), one("7_1", "queued")];
  const [alone, array, other] = gathered(jobs);
  assert.equal(alone, jobs[0]);
  assert.deepEqual([array.id, array.state, array.reason, array.ended_at], ["8", "failed", "No.", "2026-01-02"]);
  assert.deepEqual(array.tasks, { failed: 1, completed: 1 });
  assert.deepEqual(array.elements.map((job) => job.id), ["8_1", "8_2"]);
  assert.deepEqual([other.id, other.state, other.ended_at], ["7", "queued", null]);
  assert.deepEqual([holds(array, "8_2"), holds(array, "8"), holds(array, "9"), holds(alone, "9_1")], [true, true, false, false]);
});

test("words are quoted as the line is split again", () => {
  const words = ["python3", "a b", "", "it's", '"', "$HOME `x` \\", "-x=1"];
  assert.deepEqual(split(words.map(quoted).join(" ")), words);
});

test("candidates of one object are one mark, at the most significant of them", () => {
  const votes = { real: 1, bogus: 0, unsure: 0 };
  const candidates = [["a", 9], ["b", 8], ["a", 7]].map(([object, snr], i) => ({ object, snr, ra: i, dec: -i, votes }));
  const [a, b] = objectsOf(candidates);
  assert.deepEqual([a.id, a.snr, a.ra, a.candidates, a.real], ["a", 9, 0, 2, 2]);
  assert.deepEqual([b.id, b.candidates, b.bogus], ["b", 1, 0]);
});

test("a point is as far from a line as from its nearest part", () => {
  assert.equal(distanceToLine([1, 1], [0, 0], [2, 0]), 1);
  assert.equal(distanceToLine([5, 4], [0, 0], [2, 0]), 5);
  assert.equal(distanceToLine([3, 4], [0, 0], [0, 0]), 5);
});

test("the days of a time are read and written, with open ends", () => {
  assert.deepEqual(["2024-01-16/2024-01-23", "../2024-01-05", "2024-01-16", "60310/60320", ""].map(daysOf), [["2024-01-16", "2024-01-23"], ["", "2024-01-05"], ["2024-01-16", "2024-01-16"], ["", ""], ["", ""]]);
  assert.deepEqual([between("", ""), between("2024-01-16", ""), between("", "2024-01-05")], ["", "2024-01-16/..", "../2024-01-05"]);
});
