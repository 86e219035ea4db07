"""Views with nothing, with far too much, with hostile names, and with what fails."""

import re
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.canned import VISITOR, Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=alert(1)>\u202e" + "very-long-name-" * 12
STATES = ("new", "queued", "held", "active", "completed", "failed", "canceled")


def job(number: int) -> dict[str, Any]:
    state = STATES[number % len(STATES)]
    begun = state in {"active", "completed", "failed"}
    return {
        "id": str(number), "name": HOSTILE if number == 3 else f"job-{number}",
        "state": state, "native_state": state.upper(), "user": "demo", "signal": None,
        "reason": "Waits for free cores." if state == "queued" else "",
        "exit_code": {"completed": 0, "failed": 2}.get(state), "system": "local",
        "submitted_at": "2026-11-22T14:00:00.000Z",
        "started_at": "2026-11-22T14:01:00.000Z" if begun else None,
        "ended_at": "2026-11-22T15:01:00.000Z" if state != "active" else None,
        "usage": {"wall_seconds": 1.0, "cpu_seconds": 1.0, "peak_memory_bytes": 1024},
        "directory": "/home/demo", "spec": {"attributes": {"duration": 7200}},
    }  # fmt: skip


async def test_empty_views_say_what_they_are_for(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    canned.on("GET", "/jobs/local", {"jobs": [], "next": None})
    canned.on("GET", "/store", {"collections": [], "next": None})
    canned.on("GET", "/datasets", {"datasets": [], "next": None})
    canned.on("GET", "/surveys", {"surveys": [], "next": None})
    gate = await canned_gate(open_page, canned)
    words = {"jobs": "No jobs yet", "store": "No collections yet"}
    words |= {"data": "No data sets", "sky": "No surveys"}
    for view, word in words.items():
        await gate.page.goto(f"{gateway.url}/{view}")
        await expect(gate.page.get_by_text(word)).to_be_visible()
        await gate.check_all_looks()


async def test_a_failure_says_what_to_do_and_can_be_tried_again(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    failing = True

    def jobs(*_: Any) -> Any:
        if failing:
            return problem(503, "unavailable", "Unavailable", "Try again in a minute.")
        return 200, {"jobs": [job(1)], "next": None}

    canned.on("GET", "/jobs/local", jobs)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    await gate.page.goto(f"{gateway.url}/jobs")
    alert = gate.page.get_by_role("alert")
    await expect(alert).to_contain_text("Try again in a minute.")
    await expect(alert).to_contain_text("01j9zq4m8w")
    await gate.check_all_looks()
    failing = False
    await alert.get_by_role("button", name="Try again").click()
    await expect(gate.page.locator("gw-jobs tr.row")).to_have_count(1)
    await expect(alert).to_have_count(0)


async def test_far_too_many_jobs_with_hostile_names_fit_every_window(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    canned.on("GET", "/jobs/local", {"jobs": [*map(job, range(40))], "next": "more"})
    canned.on("GET", "/jobs/local/3", job(3))
    canned.on(
        "GET", "/jobs/local/3/output", b"long " * 400, {"Content-Type": "text/plain"}
    )
    gate = await canned_gate(open_page, canned)
    gate.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    await gate.page.goto(f"{gateway.url}/jobs/local/3")
    await expect(gate.page.locator("gw-jobs tr.row")).to_have_count(40)
    await expect(gate.page.get_by_text("<img src=x").first).to_be_visible()
    await expect(gate.page.get_by_role("button", name="Show more")).to_be_visible()
    await gate.check_all_looks()


async def test_the_same_key_is_sent_when_an_answer_was_lost(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    keys: list[str] = []
    canned = Canned()
    canned.on("GET", "/jobs/local", {"jobs": [], "next": None})
    gate = await canned_gate(open_page, canned)
    gate.expected = ("ERR_FAILED",)

    async def lose(route: Any) -> None:
        if route.request.method != "POST":
            await route.fallback()
            return
        keys.append(route.request.headers["idempotency-key"])
        if len(keys) < 2:
            await route.abort()
        else:
            await route.fulfill(status=201, json=job(8))

    await gate.page.route("**/api/v1/jobs/local", lose)
    await gate.page.goto(f"{gateway.url}/jobs/local/new")
    submit = gate.page.get_by_role("button", name="Submit", exact=True)
    await submit.click()
    await expect(gate.page.get_by_text("does not answer")).to_be_visible()
    await submit.click()
    await gate.page.wait_for_url(re.compile("/jobs/local/8"))
    assert len(keys) == 2
    assert keys[0] == keys[1]


async def test_a_visitor_is_asked_to_sign_in_where_it_is_needed(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    canned.on("GET", "/session", VISITOR)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/files/local/a")
    await expect(gate.page.get_by_role("form", name="Sign in")).to_be_visible()
    notices = "/api/v1/status/incidents"  # for everybody
    asked = [path for _, path, _ in canned.asked if path != notices]
    assert asked == ["/api/v1/session", "/api/v1/sign-in"]
    await gate.check()


async def test_buttons_do_not_break_the_word_beside_them(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    canned.on("GET", "/store", {"collections": [], "next": None})
    gate = await canned_gate(open_page, canned)
    await gate.page.set_viewport_size({"width": 360, "height": 800})
    await gate.page.goto(f"{gateway.url}/store")
    heading = gate.page.get_by_role("heading", name="Collections")
    box = await heading.bounding_box()
    assert box is not None
    assert box["height"] < 30, box
