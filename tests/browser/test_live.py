"""One stream of events for a page, and a job's whole story as it happens."""

import asyncio
import json
from typing import Any

import pytest
from playwright.async_api import Page, Request, expect
from tests.browser.canned import NEVER, OWNER, Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway
from tests.support.go import WAIT_FOR_GO

pytestmark = pytest.mark.asyncio(loop_scope="session")

STARTED = "2026-11-22T14:01:00.000Z"
ENDED = "2026-11-22T14:31:00.000Z"
FINISHED: dict[str, Any] = {
    "id": "7", "name": "fit", "system": "local", "user": "demo", "state": "failed",
    "native_state": "TIMEOUT", "reason": "Its time was over.", "exit_code": None,
    "signal": 9, "submitted_at": "2026-11-22T14:00:00.000Z", "started_at": STARTED,
    "ended_at": ENDED, "directory": "/home/demo/fits",
    "usage": {"wall_seconds": 1800, "cpu_seconds": 900, "peak_memory_bytes": 3 << 29},
    "spec": {
        "script": "#!/bin/sh\nfit\n", "attributes": {"duration": 1200},
        "resources": {"cpu_cores_per_process": 2, "memory": 1 << 30},
    },
}  # fmt: skip
TEXT = {"Content-Type": "text/plain"}


async def test_a_page_has_one_stream_and_a_new_one_for_another_person(
    gate: Gate, gateway: RunningGateway
) -> None:
    page = gate.page
    streams: list[Request] = []

    def note(request: Request) -> None:
        if request.url.endswith("/api/v1/events"):
            streams.append(request)

    page.on("request", note)
    opened = page.wait_for_event("response", lambda one: one.url.endswith("/events"))
    listening = asyncio.ensure_future(opened)
    await page.goto(gateway.url)
    await listening
    await expect(page.locator("gw-jobs")).to_have_count(2)
    assert len(streams) == 1
    token = gateway.token()
    again = page.wait_for_event("response", lambda one: one.url.endswith("/events"))
    listening = asyncio.ensure_future(again)
    ended = page.wait_for_event("requestfailed", lambda one: one == streams[0])
    ending = asyncio.ensure_future(ended)
    await page.evaluate(
        """(token) =>
          document.querySelector("gw-login").gateway.auth.useToken(token)""",
        token,
    )
    await listening
    assert len(streams) == 2
    assert (await streams[1].all_headers())["authorization"] == f"Bearer {token}"
    # The stream of before is closed, and the new one tells of a job.
    await ending
    assert streams[0].failure is not None
    with gateway.client(token) as client:
        body = {"script": "#!/bin/sh\nexit 4\n", "name": "told"}
        client.post("/api/v1/jobs/local", json=body).raise_for_status()
    # It stands in the list of what runs, then in that of what failed, and for a moment
    # in both.
    rows = page.locator("gw-jobs tr.row", has_text="told")
    await expect(rows.filter(has_text="Failed")).to_have_count(1)
    await expect(rows).to_have_count(1)
    await gate.check()


async def test_a_token_stays_in_memory_and_is_who_one_is(
    gate: Gate, gateway: RunningGateway
) -> None:
    gate.expected = ("401", "403")  # she has no jobs
    page = gate.page
    gateway.add_user("mary", "a long password for mary")
    await page.goto(gateway.url)
    await expect(page.locator(".top gw-login .person")).to_contain_text("demo")
    token = gateway.token("store", "account:read", user="mary")
    told = await page.evaluate(
        """async (token) => {
          const { gateway } = document.querySelector("gw-login");
          const refused = await gateway.auth.useToken("gw_no.token").catch((e) => e);
          const still = (await gateway.auth.session()).user;
          const now = (await gateway.auth.useToken(token)).user;
          const kept = JSON.stringify({ ...localStorage, ...sessionStorage });
          const found = kept.includes(token.slice(3));
          return [refused.status, still, now, found, document.cookie];
        }""",
        token,
    )
    assert told == [401, "demo", "mary", False, ""]
    await expect(page.locator(".top gw-login .person")).to_contain_text("mary")
    await page.get_by_role("button", name="Sign out").click()
    # The session of the browser was never ended: a token is left, not it.
    await expect(page.locator(".top gw-login .person")).to_contain_text("demo")
    await gate.check()


async def test_a_page_shows_every_field_of_a_job(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    listed = {key: value for key, value in FINISHED.items() if key != "spec"}
    canned.on("GET", "/jobs/local", {"jobs": [listed], "next": None})
    canned.on("GET", "/jobs/local/7", FINISHED)
    canned.on("GET", "/jobs/local/7/error", b"", TEXT)
    canned.on("GET", "/jobs/local/7/output", b"fitting\n", TEXT)
    gate = await canned_gate(open_page, canned)
    page = gate.page
    await page.goto(f"{gateway.url}/jobs/local/7")
    steps = page.locator("gw-job .line li")
    await expect(steps).to_have_count(3)
    await expect(steps.nth(1)).to_contain_text("waited 1 min 00 s")
    await expect(steps.nth(2)).to_contain_text("Failed")
    await expect(steps.nth(2)).to_contain_text("ran 30 min 00 s, Its time was over.")
    bars = page.locator("gw-job .bars")
    await expect(bars).to_contain_text("30 min 00 s of 20 min 00 s")
    await expect(bars).to_contain_text("CPU time of 2 cores")
    await expect(bars).to_contain_text("15 min 00 s of 1 h 00 min")
    await expect(bars).to_contain_text("1.5 GiB of 1.0 GiB")
    shares = await bars.locator(".used").evaluate_all(
        "(all) => all.map((one) => one.getAttribute('width'))"
    )
    assert shares == ["100.00", "25.00", "100.00"]
    await expect(bars.locator(".used.over")).to_have_count(2)
    facts = page.locator("gw-job .facts")
    await expect(facts).to_contain_text("TIMEOUT")
    await expect(facts).to_contain_text("/home/demo/fits")
    await expect(page.locator("gw-log pre")).to_have_text("fitting\n")
    await page.get_by_text("Script", exact=True).click()
    await expect(page.get_by_label("Script")).to_contain_text("#!/bin/sh")
    await gate.check_all_looks()


async def test_a_job_that_could_not_be_released_says_why(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    held = {**FINISHED, "state": "held", "started_at": None, "ended_at": None}
    held |= {"usage": None, "native_state": "HELD", "reason": "Held by its owner."}
    canned = Canned()
    canned.on("GET", "/jobs/local", {"jobs": [held], "next": None})
    canned.on("GET", "/jobs/local/7", held)
    canned.on("GET", "/jobs/local/7/output", b"", TEXT)
    refusal = problem(409, "conflict", "Conflict", "An operator holds it.")
    canned.on("POST", "/jobs/local/7/release", lambda *_: refusal)
    canned.on("DELETE", "/jobs/local/7", lambda *_: refusal)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("409",)
    page = gate.page
    await page.goto(f"{gateway.url}/jobs/local/7")
    await expect(page.locator("gw-job .line li")).to_have_count(2)
    await expect(page.locator("gw-job .bars")).to_contain_text("1.0 GiB asked for")
    await expect(page.locator("gw-log [role=status]")).to_contain_text("Live")
    await page.evaluate(
        """() => { window.heard = [];
        for (const kind of ["gw-released", "gw-canceled"])
          addEventListener(kind, () => heard.push(kind)); }"""
    )
    await page.get_by_role("button", name="Release").click()
    alert = page.get_by_role("alert")
    await expect(alert).to_contain_text("An operator holds it.")
    await alert.get_by_role("button", name="Try again").click()
    await expect(alert).to_have_count(0)
    await page.get_by_role("button", name="Cancel fit").click()
    await page.get_by_role("button", name="Cancel the job").click()
    await expect(alert).to_contain_text("An operator holds it.")
    assert await page.evaluate("() => window.heard") == []
    await gate.check()


async def test_a_job_alone_on_a_page_follows_it_to_its_end(
    gate: Gate, gateway: RunningGateway
) -> None:
    with gateway.client(gateway.token()) as client:
        script = f"#!/bin/sh\necho begun\n{WAIT_FOR_GO}"
        body = {"script": script, "name": "alone"}
        job = client.post("/api/v1/jobs/local", json=body).raise_for_status().json()
    page = gate.page
    await page.goto(f"{gateway.url}/account")
    await put_job(page, job["id"])
    state = page.locator("gw-job .facts .word")
    await expect(page.locator("gw-log pre")).to_contain_text("begun")
    await expect(state).to_have_text("Running")
    with gateway.client(gateway.token()) as client:
        client.put("/api/v1/files/local/go", content=b"").raise_for_status()
    await expect(state).to_have_text("Done")
    await expect(page.locator("gw-job .line")).to_contain_text("exit code 0")
    assert OWNER["user"] == job["user"]
    await gate.check()


async def test_a_job_alone_on_a_page_hears_of_its_change(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    """It is looked at when it comes, when the stream is open, and after its event."""
    canned = Canned()
    waiting = {**FINISHED, "state": "queued", "started_at": None, "ended_at": None}
    running = {**FINISHED, "state": "active", "ended_at": None}
    told = {
        "id": 1, "at": STARTED, "kind": "job.active", "subject": "jobs/local/7",
        "data": {"id": "7", "system": "local", "state": "active"},
    }  # fmt: skip
    event = f"id: 1\nevent: job.active\ndata: {json.dumps(told)}\n\n".encode()
    streams = [(200, event, {"Content-Type": "text/event-stream"})]

    def job(*_: Any) -> Any:
        return 200, running if canned.count("/jobs/local/7") > 2 else waiting

    canned.on("GET", "/datasets", {"datasets": [], "next": None})
    canned.on("GET", "/events", lambda *_: streams.pop() if streams else NEVER)
    canned.on("GET", "/jobs/local/7", job)
    canned.on("GET", "/jobs/local/7/output", lambda *_: NEVER)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/data")
    await put_job(gate.page, "7")
    state = gate.page.locator("gw-job .facts .word")
    await expect(state).to_have_text("Running")
    await gate.check()


async def put_job(page: Page, job: str) -> None:
    """Put a job alone on the page that is shown."""
    await page.locator("main").evaluate(
        """(main, id) => { const one = document.createElement("gw-job");
        for (const [name, value] of [["live", ""], ["system", "local"], ["job", id]])
          one.setAttribute(name, value);
        main.append(one); }""",
        job,
    )


async def test_what_happened_before_the_stream_was_open_is_looked_at_again(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    """The stream tells nothing: the job started between the look and its opening."""
    canned = Canned()
    waiting = {**FINISHED, "state": "queued", "started_at": None, "ended_at": None}
    running = {**FINISHED, "state": "active", "ended_at": None}
    opened = False

    def events(*_: Any) -> Any:
        nonlocal opened
        opened = bool(canned.count("/jobs/local"))
        return 200, b"", {"Content-Type": "text/event-stream"}

    def job(*_: Any) -> Any:
        return 200, running if opened else waiting

    def jobs(*_: Any) -> Any:
        return 200, {"jobs": [job()[1]], "next": None}

    canned.on("GET", "/events", events)
    canned.on("GET", "/jobs/local", jobs)
    canned.on("GET", "/jobs/local/7", job)
    canned.on("GET", "/jobs/local/7/output", b"", TEXT)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/jobs/local/7")
    await expect(gate.page.locator("gw-jobs tr.row .word")).to_have_text("Running")
    await expect(gate.page.locator("gw-job .facts .word")).to_have_text("Running")
    await gate.check()


async def test_a_log_that_broke_off_is_not_called_complete(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    running = {**FINISHED, "state": "active", "ended_at": None, "usage": None}
    canned = Canned()
    canned.on("GET", "/jobs/local", {"jobs": [running], "next": None})
    canned.on("GET", "/jobs/local/7", running)
    refusal = problem(503, "unavailable", "Unavailable", "The gateway starts anew.")
    canned.on("GET", "/jobs/local/7/output", lambda *_: refusal)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    await gate.page.goto(f"{gateway.url}/jobs/local/7")
    await expect(gate.page.get_by_role("alert")).to_contain_text("starts anew")
    state = gate.page.locator("gw-log p[role=status]")
    await expect(state).to_have_text("Interrupted")
    # A log is whole when its job has ended.
    done = {**FINISHED, "state": "completed", "reason": ""}
    canned.on("GET", "/jobs/local/7", done)
    canned.on("GET", "/jobs/local/7/output", b"all of it", TEXT)
    await gate.page.get_by_role("button", name="Try again").click()
    await expect(state).to_have_text("Complete")
    await gate.check()
