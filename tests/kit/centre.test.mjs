// Tests of what a computing centre's pages use, in Node; run by test_kit.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { burnDownOf } from "../../src/gatewright/kit/elements/burn-down.js";
import { canned } from "./canned.mjs";

test("incidents are read by everybody, and written by their addresses", async () => {
  const one = (id, severity, begins) => ({ id, severity, begins_at: begins });
  const incidents = [one("b", "info", "2026-01-02"), one("c", "down", "2026-01-03"), one("a", "info", "2026-01-01")];
  const { gateway, asked } = canned({ incidents, next: null }, { incidents: [], next: null }, {}, {}, {}, null);
  assert.deepEqual((await gateway.incidents.open()).map(({ id }) => id), ["c", "a", "b"]);
  await gateway.incidents.list({ phase: ["past"], limit: 5 });
  await gateway.incidents.get("i-1");
  await gateway.incidents.announce({ kind: "notice", title: "Cake" });
  await gateway.incidents.change("i-1", { update: "Eaten" });
  await gateway.incidents.withdraw("i-1");
  assert.deepEqual(asked.map(({ method, url }) => [method, url.replace("http://gateway:8000/api/v1/status/incidents", "")]), [
    ["GET", "?phase=current&phase=planned"], ["GET", "?phase=past&limit=5"], ["GET", "/i-1"],
    ["POST", ""], ["PATCH", "/i-1"], ["DELETE", "/i-1"],
  ]);
  assert.deepEqual(JSON.parse(asked[4].body), { update: "Eaten" });
});

test("administrators ask for what is everybody's by its addresses", async () => {
  const { gateway, asked } = canned({}, {}, {}, { sessions: [1] }, null, {}, null, {}, { parts: [2] });
  await gateway.admin.people({ limit: 5 });
  await gateway.admin.disable("a/b");
  await gateway.admin.disable("ada", false);
  assert.deepEqual(await gateway.admin.sessions("ada"), [1]);
  await gateway.admin.endSession("ada", "s");
  await gateway.admin.tokens({ user: "", limit: 5 });
  await gateway.admin.revokeToken("k");
  await gateway.admin.audit({ user: "ada", from: "2026-01-01T00:00:00Z" });
  assert.deepEqual(await gateway.admin.parts(), [2]);
  assert.deepEqual(asked.map(({ method, url }) => [method, url.replace("http://gateway:8000/api/v1/admin", "")]), [
    ["GET", "/people?limit=5"], ["PATCH", "/people/a%2Fb"], ["PATCH", "/people/ada"], ["GET", "/people/ada/sessions"],
    ["DELETE", "/people/ada/sessions/s"], ["GET", "/tokens?limit=5"], ["DELETE", "/tokens/k"],
    ["GET", "/audit?user=ada&from=2026-01-01T00%3A00%3A00Z"], ["GET", "/health"],
  ]);
  assert.deepEqual(asked.slice(1, 3).map(({ body }) => JSON.parse(body)), [{ disabled: true }, { disabled: false }]);
});

test("projects and usage are asked for by their addresses", async () => {
  const { gateway, asked } = canned({}, {}, {});
  await gateway.projects.list({ system: "cluster", limit: 5 });
  await gateway.projects.burnDown("cluster", "a/b", { days: 90 });
  await gateway.projects.usage({ by: ["person", "day"], project: "night" });
  assert.deepEqual(asked.map(({ url }) => url.replace("http://gateway:8000/api/v1", "")), [
    "/projects?system=cluster&limit=5", "/projects/cluster/a%2Fb/burn-down?days=90", "/usage?by=person&by=day&project=night",
  ]);
});

const HOUR = 3600;
const ANSWER = {
  resource: "cpu", granted: 100 * HOUR, used: 40 * HOUR, starts_on: "2026-11-02", ends_on: "2026-11-30",
  history: [["2026-11-01", 7], ["2026-11-02", 10], ["2026-11-03", 20], ["2026-11-04", 10]].map(([day, hours]) => ({ day, seconds: hours * HOUR })),
  forecast: [["2026-11-04", 12, 15, 20], ["2026-11-05", 20, 30, 45]].map(([day, low, middle, high]) => ({ day, low: low * HOUR, middle: middle * HOUR, high: high * HOUR })),
  runs_out: null,
};

test("what is left of an allocation falls by what was used of it, and by what is expected", () => {
  const left = burnDownOf(ANSWER);
  // The first day came before the allocation, and today is in the forecast.
  assert.deepEqual(left.past, [["2026-11-02", 90], ["2026-11-03", 70]]);
  assert.deepEqual(left.coming, [["2026-11-03", 70, 70, 70], ["2026-11-04", 50, 55, 58], ["2026-11-05", 25, 40, 50]]);
  assert.equal(left.top, 100);
});

test("without a forecast what is left goes on until now", () => {
  const left = burnDownOf({ ...ANSWER, forecast: [] });
  assert.deepEqual(left.past, [["2026-11-02", 90], ["2026-11-03", 70], ["2026-11-04", 60]]);
  assert.deepEqual(left.coming, []);
});

test("after its last day and before its first an allocation is not used, and nothing is expected of it", () => {
  const ended = burnDownOf({ ...ANSWER, ends_on: "2026-11-03", used: 30 * HOUR });
  assert.deepEqual(ended.past, [["2026-11-02", 90], ["2026-11-03", 70]]);
  assert.deepEqual(ended.coming, []);
  const later = burnDownOf({ ...ANSWER, starts_on: "2026-11-05", used: 0 });
  assert.deepEqual([later.past, later.coming], [[], []]);
  const ending = burnDownOf({ ...ANSWER, ends_on: "2026-11-04" });
  assert.deepEqual(ending.coming.map(([day]) => day), ["2026-11-03", "2026-11-04"]);
});

test("without a first day it is drawn from the day before the first use", () => {
  const quiet = ["2026-10-29", "2026-10-30", "2026-10-31"].map((day) => ({ day, seconds: 0 }));
  const used = burnDownOf({ ...ANSWER, starts_on: null, used: 47 * HOUR, history: [...quiet, ...ANSWER.history] });
  assert.deepEqual(used.past[0], ["2026-10-31", 100]);
  const never = burnDownOf({ ...ANSWER, starts_on: null, used: 0, history: quiet, forecast: [] });
  assert.deepEqual(never.past.map(([day]) => day), quiet.map(({ day }) => day));
});

test("without an allocation it is what was used, and grows", () => {
  const used = burnDownOf({ ...ANSWER, granted: null, starts_on: null, used: 47 * HOUR });
  assert.deepEqual(used.past, [["2026-11-01", 7], ["2026-11-02", 17], ["2026-11-03", 37]]);
  assert.deepEqual(used.coming.at(-1), ["2026-11-05", 57, 67, 82]);
  assert.equal(used.top, 82);
});

test("a page of another origin is told what the operator can do", async () => {
  // A browser hides the answer, so that it looks as if the gateway were down.
  globalThis.location = /** @type {any} */ (new URL("https://pages.example/storms.html"));
  try {
    const { gateway } = canned(new TypeError("Failed to fetch"));
    await assert.rejects(gateway.about(), (error) => error.code === "unreachable"
      && /Check the network.*can let https:\/\/pages\.example use it: “cors_origins”/.test(error.message));
  } finally {
    delete globalThis.location;
  }
});
