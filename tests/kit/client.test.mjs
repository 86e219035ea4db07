// Tests of the client in Node; run by test_kit.py.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Gateway, GatewayError } from "../../src/gatewright/kit/gw.js";
import { canned } from "./canned.mjs";
import { events, readEvents } from "../../src/gatewright/kit/client/events.js";
import { escapeName, escapePath, join, parent, readable } from "../../src/gatewright/kit/client/paths.js";

/** Waits until something is so, however slow the machine is, and for what else may come of it. */
async function settle(done) {
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  for (const end = Date.now() + 60_000; !done() && Date.now() < end;) await pause(1);
  await pause(5);
}

const problem = (status, more = {}, headers = {}) =>
  new Response(JSON.stringify({ title: "Too many requests", detail: "Wait a little.", code: "too-many-requests", request_id: "r1", ...more }), {
    status, headers: { "Content-Type": "application/problem+json", ...headers },
  });

test("classifiers are trained, reported and used by their addresses", async () => {
  const { gateway, asked } = canned({ id: "r-1" }, { classifiers: [] }, {}, {}, {});
  assert.equal((await gateway.classifiers.train("sky", "injection")).id, "r-1");
  await gateway.classifiers.list({ survey: "sky" });
  await gateway.classifiers.get("r-1");
  await gateway.classifiers.report("r-1");
  await gateway.classifiers.activate("r-1");
  assert.deepEqual(asked.map(({ method, url }) => [method, url.replace("http://gateway:8000/api/v1", "")]), [
    ["POST", "/classifiers"], ["GET", "/classifiers?survey=sky"], ["GET", "/classifiers/r-1"],
    ["GET", "/classifiers/r-1/report"], ["POST", "/classifiers/r-1/activation"],
  ]);
  assert.deepEqual(JSON.parse(asked[0].body), { survey: "sky", method: "injection" });
});

test("every request says what it is from, and carries the token and no cookie", async () => {
  const { gateway, asked } = canned();
  await gateway.auth.session();
  assert.equal(asked[0].url, "http://gateway:8000/api/v1/session");
  assert.equal(asked[0].headers.get("X-Requested-With"), "gatewright");
  assert.equal(asked[0].headers.get("Authorization"), "Bearer gw_k.s");
  assert.equal(asked[0].credentials, "omit");
});

test("a problem document becomes a typed error", async () => {
  const { gateway } = canned(problem(429, {}, { "Retry-After": "7" }));
  await assert.rejects(gateway.jobs.get("local", "1"), (error) => {
    assert.ok(error instanceof GatewayError);
    assert.deepEqual([error.status, error.code, error.message, error.requestId, error.retryAfter, error.transient],
      [429, "too-many-requests", "Wait a little.", "r1", 7, true]);
    return true;
  });
});

test("an answer that is no problem document is an error of its status", async () => {
  const { gateway } = canned(new Response("<h1>Bad gateway</h1>", { status: 502 }), new Response("{", { status: 500, headers: { "Content-Type": "application/json" } }));
  await assert.rejects(gateway.about(), { status: 502, code: "http-502", transient: false });
  await assert.rejects(gateway.about(), { status: 500 });
});

test("no answer at all is an error that may pass", async () => {
  const { gateway } = canned(new TypeError("fetch failed"));
  await assert.rejects(gateway.about(), { status: 0, code: "unreachable", transient: true });
});

test("each POST that creates has a key of its own, and a given key is kept", async () => {
  const { gateway, asked } = canned();
  await gateway.jobs.submit("local", { executable: "true" });
  await gateway.jobs.submit("local", "#!/bin/sh\ntrue\n");
  await gateway.jobs.submit("local", {}, { idempotencyKey: "mine" });
  await gateway.files.mkdir("local", "/a");
  await gateway.commands.run("local", ["true"]);
  await gateway.store.add("notes", 1);
  await gateway.accounts.createToken({});
  const keys = asked.map((one) => one.headers.get("Idempotency-Key"));
  assert.equal(new Set(keys).size, 7);
  assert.ok(keys.every((key) => key === "mine" || /^[0-9a-f]{32}$/.test(key)));
  assert.equal(asked[1].headers.get("Content-Type"), "text/x-shellscript");
  assert.ok(asked.every((one) => one.method === "POST"));
});

test("a listing is followed from page to page", async () => {
  const { gateway, asked } = canned({ jobs: [{ id: "2" }, { id: "1" }], next: "c1" }, { jobs: [{ id: "0" }], next: null });
  const ids = [];
  for await (const job of gateway.jobs.list("local", { state: ["active", "queued"], name: "" })) ids.push(job.id);
  assert.deepEqual(ids, ["2", "1", "0"]);
  assert.equal(asked[0].url, "http://gateway:8000/api/v1/jobs/local?state=active&state=queued");
  assert.match(asked[1].url, /&cursor=c1$/);
});

test("a document is put under the tag that was read", async () => {
  const etag = { headers: { ETag: '"v1"' } };
  const { gateway, asked } = canned(Response.json([1], etag), Response.json({}, { headers: { ETag: '"v2"' } }), Response.json({}, etag), new Response(null, { status: 204 }));
  const found = await gateway.store.get("notes", "a/b c");
  assert.deepEqual(found, { value: [1], etag: '"v1"' });
  assert.equal(await gateway.store.put("notes", "a/b c", [2], { ifMatch: found.etag }), '"v2"');
  await gateway.store.patch("notes", "n", { a: null }, { ifMatch: '"v2"' });
  assert.equal(await gateway.store.remove("notes", "n"), null);
  assert.equal(asked[0].url, "http://gateway:8000/api/v1/store/notes/a%2Fb%20c");
  assert.equal(asked[1].headers.get("If-Match"), '"v1"');
  assert.equal(asked[2].headers.get("Content-Type"), "application/merge-patch+json");
});

test("paths keep the bytes that they escape, and names lose none of their signs", () => {
  assert.equal(escapePath("/a b/100%25/%FF?#"), "/a%20b/100%25/%FF%3F%23");
  assert.equal(escapeName("100% / ünï\ud800"), "100%25%20%2F%20%C3%BCn%C3%AF%EF%BF%BD");
  assert.equal(readable("/a%20b/%FF/%C3%BC"), "/a b/%FF/ü");
  assert.deepEqual([join("/", "x"), join("/a/", "x"), parent("/a/b"), parent("/a"), parent("/a/b/")], ["/x", "/a/x", "/a", "/", "/a"]);
});

test("the addresses of files, jobs, data and images", () => {
  const { gateway } = canned();
  assert.equal(gateway.files.url("local", "/runs/a b.txt"), "http://gateway:8000/api/v1/files/local/runs/a%20b.txt");
  assert.equal(gateway.jobs.path("local", "17_3", "output"), "/api/v1/jobs/local/17_3/output");
  assert.equal(gateway.datasets.subsetUrl("a b", { var: "t", lat: "1:2", time: undefined }, "csv"), "http://gateway:8000/api/v1/datasets/a%20b/subset?var=t&lat=1%3A2&format=csv");
  assert.match(gateway.sky.cutoutUrl("s~a~0", 1.5, -2, 0.1, "png", { size: 96 }), /s~a~0\/cutout\?pos=CIRCLE\+1.5\+-2\+0.1&format=png&size=96$/);
});

test("a file is written with its conditions, and read in part", async () => {
  const { gateway, asked } = canned({}, new Response("bc"));
  const steps = [];
  await gateway.files.write("local", "/x", "abc", { create: true, onprogress: (...all) => steps.push(all) });
  assert.equal(asked[0].headers.get("If-None-Match"), "*");
  assert.deepEqual(steps, [[3, 3]]);
  assert.equal(await (await gateway.files.read("local", "/x", { range: "bytes=1-2" })).text(), "bc");
  assert.equal(asked[1].headers.get("Range"), "bytes=1-2");
});

const stream = (...parts) => new Response(new ReadableStream({
  start(controller) {
    for (const part of parts) controller.enqueue(new TextEncoder().encode(part));
    controller.close();
  },
}));

test("an event stream is read as the standard says, however it is cut", async () => {
  const text = ":hi\n\nid: 1\nevent: job.completed\ndata: {\"a\":\ndata: 1}\n\nid: 2\r\ndata: plain\r\n\r\ndata\n\nid: 3\ndata: cut off";
  for (const size of [1, 2, 7, text.length]) {
    const parts = text.match(new RegExp(`[^]{1,${size}}`, "g"));
    const found = [];
    for await (const event of readEvents(stream(...parts))) found.push(event);
    assert.deepEqual(found, [
      { id: "1", kind: "job.completed", data: { a: 1 } },
      { id: "2", kind: "message", data: "plain" },
      { id: "2", kind: "message", data: "" },
    ], `in parts of ${size}`);
  }
});

test("a broken stream is taken up again from the last event", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { gateway, asked } = canned(stream("id: 4\ndata: 1\n\n"), new TypeError("away"), problem(503, {}, { "Retry-After": "1" }), stream("id: 5\ndata: 2\n\n"));
  const stop = new AbortController();
  const seen = [];
  const breaks = [];
  const reading = (async () => {
    for await (const event of events(gateway.http, "/api/v1/events", { signal: stop.signal, onbreak: (error) => breaks.push(error.status) })) {
      seen.push(event.data);
      if (seen.length === 2) stop.abort();
    }
  })();
  while (seen.length < 2) {
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(30_000);
  }
  await reading;
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(breaks, [0, 503]);
  assert.deepEqual(asked.map((one) => one.headers.get("Last-Event-ID")), [null, "4", "4", "4"]);
});

test("a stream of which nothing more will come is not asked for again", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { gateway, asked } = canned(stream("id: 4\ndata: 1\n\n"), new Response(null, { status: 204 }));
  const seen = [];
  let ended = false;
  const reading = (async () => {
    for await (const event of gateway.jobs.events("local", "7")) seen.push(event.data);
    ended = true;
  })();
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(30_000);
  }
  await reading;
  assert.deepEqual(seen, [1]);
  assert.deepEqual(asked.map((one) => one.headers.get("Last-Event-ID")), [null, "4"]);
});

test("a stream that is refused ends with the refusal", async () => {
  const { gateway } = canned(problem(401, { code: "not-signed-in" }));
  await assert.rejects(gateway.events().next(), { status: 401 });
});

test("waiting for a job looks again until it has ended", async () => {
  const job = (state) => ({ id: "7", state });
  const event = `data: {"subject": "jobs/local/7"}\n\n`;
  const { gateway } = canned(stream(event), job("active"), job("completed"));
  assert.equal((await gateway.jobs.wait("local", "7")).state, "completed");
});

test("any number of waits share one stream of events", async () => {
  const asked = [];
  let happens = () => {};
  let states = "active";
  const fetch = async (url, { signal }) => {
    asked.push(new URL(url).pathname);
    if (!url.endsWith("/events")) return Response.json({ id: url.split("/").at(-1), state: states });
    const body = new ReadableStream({
      start(controller) {
        happens = (id) => controller.enqueue(new TextEncoder().encode(`data: {"subject": "jobs/local/${id}"}\n\n`));
        signal.addEventListener("abort", () => controller.error(new Error("left")));
      },
    });
    return new Response(body);
  };
  const { jobs } = new Gateway({ url: "http://gateway:8000/", fetch });
  const ids = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"];
  const waiting = Promise.all(ids.map((id) => jobs.wait("local", id)));
  await settle(() => asked.length >= 21); // each looks at once, and again when the stream is open
  states = "completed";
  ids.forEach((id) => happens(id));
  assert.deepEqual((await waiting).map((one) => one.state), ids.map(() => "completed"));
  assert.equal(asked.filter((path) => path.endsWith("/events")).length, 1);
  assert.ok(asked.includes("/api/v1/events"));
});

test("a wait that is given up ends", async () => {
  const stop = new AbortController();
  const fetch = async (url) => url.endsWith("/events") ? new Response(new ReadableStream()) : Response.json({ state: "held" });
  const { jobs, live } = new Gateway({ url: "http://gateway:8000/", fetch });
  const waiting = jobs.wait("local", "1", stop.signal);
  await settle(() => live.listeners === 1);
  stop.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  assert.equal(live.listeners, 0);
});

test("a job's output comes as it is written", async () => {
  const { gateway, asked } = canned(stream("a\n", "b"));
  let text = "";
  for await (const part of gateway.jobs.follow("local", "7", { stream: "error" })) text += part;
  assert.equal(text, "a\nb");
  assert.match(asked[0].url, /\/7\/error\?follow=true$/);
});

test("a system is up, degraded or down as its parts answer, or worse if an incident says so", async () => {
  const queue = { as_of: new Date().toISOString(), jobs: [], resources: { cores: 2 } };
  const old = { ...queue, as_of: "2020-01-01T00:00:00Z" };
  const up = { status: "up", incidents: [] };
  const planned = { phase: "planned", severity: "down", title: "Later" };
  const current = { phase: "current", severity: "down", title: "New disks" };
  const cases = [
    [queue, { space: null }, up, "up", ""],
    [problem(503), { space: null }, up, "degraded", "Wait a little."],
    [problem(503), problem(503), up, "down", "Wait a little."],
    [old, {}, up, "degraded", "The scheduler has not answered for a while."],
    [problem(404), {}, up, "up", ""],
    [queue, {}, { status: "up", incidents: [planned] }, "up", ""],
    [queue, {}, { status: "down", incidents: [planned, current] }, "down", "New disks"],
    [problem(503), problem(503), { status: "degraded", incidents: [current] }, "down", "Wait a little."],
    [queue, {}, problem(503), "up", ""],
  ];
  for (const [jobs, files, told, status, reason] of cases) {
    const found = await canned(jobs, files, told).gateway.status.system("local");
    assert.deepEqual([found.status, found.reason], [status, reason]);
  }
});

test("all listeners share one stream, which begins anew when told to and after a refusal", async () => {
  const opened = [];
  const fetch = async (url, init) => {
    const number = opened.push(init.signal);
    if (number === 3) return problem(401, { code: "unauthenticated" });
    return new Response(new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(`id: ${number}\nevent: job.queued\ndata: ${number}\n\n`));
        init.signal.addEventListener("abort", () => controller.error(init.signal.reason));
      },
    }));
  };
  const { live } = new Gateway({ url: "http://gateway:8000/", fetch });
  const told = [];
  const listen = (name, stop) => live.listen({ hear: (event) => told.push([name, event.data]), tell: (state) => told.push([name, state]) }, stop.signal);
  const [first, second] = [new AbortController(), new AbortController()];
  listen("a", first);
  await settle(() => told.length >= 2);
  listen("b", second);
  await settle(() => told.length >= 3);
  assert.deepEqual(told.splice(0), [["a", "again"], ["a", 1], ["b", "open"]]);
  assert.equal(opened.length, 1);
  live.restart();
  await settle(() => told.length >= 4);
  assert.deepEqual([opened.length, opened[0].aborted, live.listeners], [2, true, 2]);
  assert.deepEqual(told.splice(0), [["a", "again"], ["b", "again"], ["a", 2], ["b", 2]]);
  live.restart();
  await settle(() => told.length >= 2);
  assert.deepEqual(told.splice(0), [["a", "broken"], ["b", "broken"]]);
  first.abort();
  assert.equal(live.listeners, 1);
  const third = new AbortController();
  listen("c", third);
  await settle(() => told.length >= 4);
  assert.equal(opened.length, 4);
  assert.deepEqual(told.splice(0), [["b", "again"], ["c", "again"], ["b", 4], ["c", 4]]);
  second.abort();
  assert.equal(opened[3].aborted, false);
  third.abort();
  assert.equal(opened[3].aborted, true);
  listen("d", third);
  assert.deepEqual([live.listeners, opened.length], [0, 4]);
});

test("three uploads go at once, in their order, and each leaves its place to the next", async () => {
  const gateway = new Gateway({ url: "http://gateway:8000/", token: "t", fetch });
  const under = new Map();
  function fetch(url, { signal }) {
    const name = url.split("/").at(-1);
    return new Promise((resolve, reject) => {
      under.set(name, (answer) => (under.delete(name), resolve(answer)));
      signal.addEventListener("abort", () => (under.delete(name), reject(signal.reason)));
    });
  }
  const ended = [];
  gateway.uploads.addEventListener("end", ({ detail }) => ended.push(`${detail.name} ${detail.state}`));
  const all = ["a", "b", "c", "d", "e", "f"].map((name) => gateway.uploads.send("local", "/", `/${name}`, new File(["xyz"], name)));
  await settle(() => under.has("c"));
  assert.deepEqual([...under.keys()], ["a", "b", "c"]);
  gateway.uploads.all[3].stop.abort();
  gateway.uploads.all[0].stop.abort();
  await settle(() => under.has("e"));
  assert.deepEqual([...under.keys()], ["b", "c", "e"]);
  under.get("b")(problem(507, { detail: "Full." }));
  under.get("c")(Response.json({}));
  await settle(() => under.has("f") && gateway.uploads.open.length === 2);
  assert.deepEqual([...under.keys()], ["e", "f"]);
  assert.deepEqual([gateway.uploads.open.length, gateway.uploads.all[1].message], [2, "Full."]);
  gateway.uploads.clear();
  assert.deepEqual(gateway.uploads.all.map((one) => one.name), ["e", "f"]);
  gateway.uploads.end();
  await Promise.all(all);
  assert.deepEqual([...ended].sort(), ["a stopped", "b failed", "c done", "d stopped", "e stopped", "f stopped"]);
  assert.deepEqual([gateway.uploads.all, under.size], [[], 0]);
  const again = gateway.uploads.send("local", "/", "/g", new File(["xyz"], "g"));
  await settle(() => under.has("g"));
  under.get("g")(Response.json({}));
  assert.equal((await again).state, "done");
});

test("a token that is refused is not kept, and one that is taken is let go by signing out", async () => {
  const { gateway, asked } = canned({ user: "ada" }, problem(401, { code: "unauthenticated" }), { user: "grace" }, { user: null });
  assert.equal((await gateway.auth.session()).user, "ada");
  await assert.rejects(gateway.auth.useToken("gw_bad"), { status: 401 });
  assert.equal(gateway.http.token, "gw_k.s");
  assert.equal((await gateway.auth.useToken("gw_good")).user, "grace");
  assert.equal(asked[2].headers.get("Authorization"), "Bearer gw_good");
  assert.equal((await gateway.auth.signOut()).user, null);
  assert.deepEqual(asked.map((one) => one.method), ["GET", "GET", "GET", "GET"]);
  assert.equal(asked[3].headers.get("Authorization"), null);
});

test("who has signed out is told of the identity provider that still knows them", async () => {
  const still = { provider: "Centre", url: "https://sso.example.org/end?x" };
  const providers = [{ name: "centre", title: "Centre", url: "http://gateway:8000/sign-in/with/centre" }];
  const { gateway, asked } = canned({ providers }, still, { user: null }, new Response(null, { status: 204 }), { user: null });
  gateway.http.token = "";
  assert.deepEqual(await gateway.auth.providers(), providers);
  assert.equal(gateway.auth.stillSignedIn, null);
  await gateway.auth.signOut();
  assert.deepEqual(gateway.auth.stillSignedIn, still);
  await gateway.auth.signOut();
  assert.equal(gateway.auth.stillSignedIn, null);
  assert.deepEqual(asked.map((one) => one.method), ["GET", "DELETE", "GET", "DELETE", "GET"]);
});

test("a vote is sent, undone, and its stamps have an address", async () => {
  const { gateway, asked } = canned({ id: "d-1.2", mine: "real" }, new Response(null, { status: 204 }), { candidates: [], next: null });
  assert.equal((await gateway.candidates.vote("d-1.2", "real")).mine, "real");
  await gateway.candidates.takeBack("d-1.2");
  await gateway.candidates.page({ unscanned: true, survey: null });
  assert.deepEqual(asked.map((one) => [one.method, one.url.slice("http://gateway:8000/api/v1".length)]), [
    ["POST", "/candidates/d-1.2/votes"], ["DELETE", "/candidates/d-1.2/votes"], ["GET", "/candidates?unscanned=true"],
  ]);
  assert.equal(asked[0].body, '{"vote":"real"}');
  const stamp = new URL(gateway.candidates.stampUrl("d-1.2", "science", { radius: 0.001 }));
  assert.equal(stamp.pathname + stamp.search, "/api/v1/candidates/d-1.2/stamp?plane=science&radius=0.001");
});

test("a gateway below a path of its host is asked there, and its own links are taken as they are", () => {
  const { http } = new Gateway({ url: "https://example.org/a/gateway/", fetch: async () => Response.json({}) });
  assert.equal(http.url("/api/v1/session"), "https://example.org/a/gateway/api/v1/session");
  assert.equal(http.url("/a/gateway/api/v1/jobs/local?cursor=x"), "https://example.org/a/gateway/api/v1/jobs/local?cursor=x");
  assert.equal(http.url("https://example.org/a/gateway/dap/x"), "https://example.org/a/gateway/dap/x");
  assert.equal(http.url("/a/gatewayed"), "https://example.org/a/gateway/a/gatewayed");
});
