"""The pages of administrators, against the real gateway and against canned answers."""

import re
from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.canned import OWNER, VISITOR, Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

PASSWORD = "a long password that nobody guesses"
HOSTILE = "<img src=x onerror=alert(1)>"


async def test_a_person_s_session_and_token_are_ended(
    gate: Gate, gateway: RunningGateway
) -> None:
    gateway.add_user("henrietta", PASSWORD)
    page = gate.page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    with gateway.client() as browser, gateway.client() as script:
        origin = {"Origin": gateway.url, "X-Requested-With": "test"}
        asked = {"user": "henrietta", "password": PASSWORD}
        url = "/api/v1/session"
        browser.post(url, json=asked, headers=origin).raise_for_status()
        made = browser.post(
            "/api/v1/tokens", json={"label": HOSTILE}, headers=origin
        ).raise_for_status().json()  # fmt: skip
        script.headers["Authorization"] = f"Bearer {made['token']}"
        assert script.get("/api/v1/tokens").status_code == 200

        await page.goto(f"{gateway.url}/admin")
        row = page.locator("gw-admin-people tr.row", has_text="henrietta")
        await expect(row).to_contain_text(re.compile("ago|just now"))
        await row.get_by_role("button", name="henrietta", exact=True).click()
        await expect(page).to_have_url(f"{gateway.url}/admin/people/henrietta")
        tokens = page.locator("gw-admin-people gw-admin-tokens")
        await expect(tokens).to_contain_text(HOSTILE)
        assert made["token"].partition(".")[2] not in await page.content()
        await gate.check_all_looks()

        await page.get_by_role("button", name="End the session since").click()
        dialog = page.get_by_role("dialog")
        await dialog.get_by_role("button", name="End the session").click()
        await expect(page.get_by_text("Nowhere.")).to_be_visible()
        assert browser.get("/api/v1/sessions").status_code == 401
        await tokens.get_by_role("button", name="Revoke").click()
        await dialog.get_by_role("button", name="Revoke the token").click()
        await expect(tokens).to_contain_text("has made none")
        assert script.get("/api/v1/tokens").status_code == 401


async def test_an_account_is_disabled_and_enabled(
    gate: Gate, gateway: RunningGateway
) -> None:
    gateway.add_user("mallow", PASSWORD)
    page = gate.page
    await page.goto(f"{gateway.url}/admin")
    row = page.locator("gw-admin-people tr.row", has_text="mallow")
    await expect(row).to_contain_text("never")
    await row.get_by_role("button", name="Disable").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Disable the account").click()
    await expect(row).to_contain_text("Disabled")
    asked = {"user": "mallow", "password": PASSWORD}
    headers = {"Origin": gateway.url, "X-Requested-With": "test"}
    with gateway.client() as client:
        refused = client.post("/api/v1/session", json=asked, headers=headers)
        assert refused.status_code == 403
        await row.get_by_role("button", name="Enable").click()
        await expect(row).not_to_contain_text("Disabled")
        again = client.post("/api/v1/session", json=asked, headers=headers)
        assert again.status_code == 201
    own = page.locator("gw-admin-people tr.row", has_text="demo")
    await expect(own.get_by_role("button", name="Disable")).to_have_count(0)


async def test_the_audit_log_is_searched(gate: Gate, gateway: RunningGateway) -> None:
    gateway.add_user("audrey", PASSWORD)
    page = gate.page
    with gateway.client(gateway.token(user="audrey")) as client:
        for number in range(3):
            client.post("/api/v1/tokens", json={"label": str(number)})
        client.post("/api/v1/jobs/local", json={"executable": "/bin/true"})
    await page.goto(f"{gateway.url}/admin/audit")
    form = page.get_by_role("search", name="Audit log")
    await form.get_by_label("Person").fill("audrey")
    await form.get_by_role("button", name="Search").click()
    rows = page.locator("gw-admin-audit tr.row")
    await expect(rows).to_have_count(4)
    await expect(page).to_have_url(re.compile(r"/admin/audit\?user=audrey$"))
    await form.get_by_label("Outcome").select_option("refused")
    await form.get_by_role("button", name="Search").click()
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("/api/v1/jobs/local")
    await expect(rows).to_contain_text("/api/v1/jobs/{system}")
    await expect(rows).to_contain_text("A token")
    await gate.check_all_looks()
    await form.get_by_label("Until").fill("2001-01-01T00:00")
    await form.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    await form.get_by_label("Until").fill("")
    await form.get_by_label("Outcome").select_option("")
    await form.get_by_label("Route").fill("/api/v1/tokens")
    await form.get_by_label("Sent with").select_option("A token")
    await form.get_by_role("button", name="Search").click()
    await expect(rows).to_have_count(3)
    await form.get_by_label("Sent with").select_option("The token of a job")
    await form.get_by_role("button", name="Search").click()
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    await page.goto(f"{gateway.url}/admin/audit?user=audrey&method=POST")
    await expect(rows).to_have_count(4)
    await expect(form.get_by_label("Person")).to_have_value("audrey")


@pytest.mark.parametrize("page", ["tokens", "systems"])
async def test_the_other_pages_are_well_in_every_look(
    page: str, gate: Gate, gateway: RunningGateway
) -> None:
    gateway.token(user="demo")
    await gate.page.goto(f"{gateway.url}/admin/{page}")
    shown = gate.page.locator("gw-admin-tokens tr.row, gw-admin-systems li").first
    await expect(shown).to_be_visible()
    await gate.check_all_looks()


async def test_who_administers_nothing_sees_nothing_and_asks_for_nothing(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    for who in (VISITOR, {**OWNER, "scopes": ["account:read"], "role": "guest"}):
        canned = Canned()
        canned.on("GET", "/session", who)
        gate = await canned_gate(open_page, canned)
        await gate.page.goto(f"{gateway.url}/admin/people")
        await expect(gate.page.locator("main h1").first).to_be_visible()
        rail = gate.page.get_by_role("navigation", name="Places")
        await expect(rail.get_by_role("link", name="Account")).to_be_visible()
        await expect(rail.get_by_role("link", name="Admin")).to_have_count(0)
        await gate.check_all_looks()
        assert not any("/admin" in path for _, path, _ in canned.asked)


async def test_an_audit_log_is_looked_through_to_a_page_that_has_a_record(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    record = {
        "number": 1, "at": "2026-11-29T08:00:00.000Z", "user": None, "token": None,
        "method": "POST", "path": f"/{HOSTILE}", "route": None,
        "app": f"token:{HOSTILE}", "status": 0, "outcome": "unknown",
        "address": "192.0.2.1", "request_id": "r", "note": HOSTILE,
    }  # fmt: skip
    canned = Canned()

    def pages(_: Any, query: dict[str, str]) -> Any:
        last = query.get("cursor") == "b"
        follows = {None: "a", "a": "b", "b": None}[query.get("cursor")]
        return 200, {"records": [record] if last else [], "next": follows}

    canned.on("GET", "/admin/audit", pages)
    gate = await canned_gate(open_page, canned)
    gate.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    await gate.page.goto(f"{gateway.url}/admin/audit")
    row = gate.page.locator("gw-admin-audit tr.row")
    await expect(row).to_contain_text(HOSTILE)
    await expect(row).to_contain_text("visitor")
    await gate.check_all_looks()


@pytest.mark.parametrize(
    ("page", "path"),
    [
        ("people", "people"),
        ("tokens", "tokens"),
        ("audit", "audit"),
        ("systems", "health"),
    ],
)
async def test_a_failure_can_be_tried_again(
    page: str, path: str, open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    away = problem(503, "unavailable", "Unavailable", "Try again in a minute.")
    canned.on("GET", f"/admin/{path}", lambda *_: away)
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    await gate.page.goto(f"{gateway.url}/admin/{page}")
    alert = gate.page.get_by_role("alert")
    await expect(alert).to_contain_text("Try again in a minute.")
    member = {"audit": "records", "systems": "parts"}.get(page, page)
    canned.on("GET", f"/admin/{path}", {member: [], "next": None})
    await alert.get_by_role("button", name="Try again").click()
    empty = gate.page.locator("main [part=empty]")
    await expect(empty).to_be_visible()
    await gate.check_all_looks()
