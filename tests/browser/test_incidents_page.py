"""The page of incidents: what administrators announce, and what visitors see of it."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOSTILE = "<img src=x onerror=alert(1)> Disks are slow"
LIST = "/api/v1/status/incidents"


@pytest.fixture(autouse=True)
def nothing_stays(client: httpx.Client) -> Iterator[None]:
    """Withdraw what a test has announced, which all pages of the gateway would show."""
    yield
    for one in client.get(LIST).raise_for_status().json()["incidents"]:
        client.delete(f"{LIST}/{one['id']}").raise_for_status()


async def opened_form(page: Page) -> Locator:
    """Return the form of administrators, which is folded up at first."""
    await page.locator("gw-incidents summary").click()
    return page.get_by_role("form", name="Announce something")


async def test_an_administrator_announces_updates_ends_and_withdraws(
    gate: Gate, open_page: OpenPage, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    await page.goto(f"{gateway.url}/status")
    form = await opened_form(page)
    await form.locator("[name=kind]").select_option("incident")
    await form.get_by_label("State of what it concerns").select_option("degraded")
    await form.get_by_label("Title").fill(HOSTILE)
    await form.get_by_label("More about it").fill("Two of them.\nWe replace both.")
    await form.get_by_label("local").check()
    await form.get_by_label("Refuse new jobs meanwhile").check()
    await form.get_by_role("button", name="Announce it").click()
    shown = page.locator("gw-incidents article")
    await expect(shown).to_contain_text(HOSTILE)
    await expect(form.get_by_label("Title")).to_have_value("")
    await gate.check_all_looks()

    (told,) = client.get(LIST).raise_for_status().json()["incidents"]
    assert (told["title"], told["severity"]) == (HOSTILE, "degraded")
    assert told["systems"] == ["local"]
    body = {"executable": "/bin/true"}
    assert client.post("/api/v1/jobs/local", json=body).status_code == 503

    visitor = await open_page()
    await visitor.page.goto(f"{gateway.url}/data")
    notice = visitor.page.locator("main > gw-notices")
    await expect(notice).to_contain_text(HOSTILE)
    await visitor.check_all_looks()

    await shown.get_by_role("button", name="Update").click()
    await page.get_by_role("textbox", name="Update").fill("One is replaced.")
    await page.get_by_role("button", name="Tell it").click()
    await expect(shown).to_contain_text("One is replaced.")
    await shown.get_by_role("button", name="End it now").click()
    await expect(shown).to_contain_text("Past")
    await shown.get_by_role("button", name="History").click()
    history = shown.locator("ol li")
    await expect(history).to_have_count(3)
    await expect(history.nth(1)).to_contain_text("One is replaced.")
    await expect(history.nth(2)).to_contain_text("demo")
    assert client.get("/api/v1/status/local").json()["takes_jobs"] is True

    await shown.get_by_role("button", name="Withdraw").click()
    await page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    await expect(page.get_by_text("Nothing is announced")).to_be_visible()
    await visitor.page.goto(f"{gateway.url}/status")
    await expect(visitor.page.get_by_text("Nothing is announced")).to_be_visible()


async def test_an_administrator_changes_what_was_announced(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    gate.expected = ("422",)
    planned = {
        "kind": "outage", "severity": "degraded", "title": "New switches",
        "text": "Two\nlines", "systems": ["local"], "services": ["files", "commands"],
        "begins_at": "2998-01-01T08:00:30Z", "ends_at": "2998-01-01T12:00:00Z",
        "takes_jobs": False,
    }  # fmt: skip
    made = client.post(LIST, json=planned).raise_for_status().json()
    page = gate.page
    await page.goto(f"{gateway.url}/status")
    shown = page.locator("gw-incidents article")
    await expect(shown).to_contain_text("2998-01-01 08:00 until 2998-01-01 12:00 UTC")
    change = shown.get_by_role("button", name="Change")
    await change.click()
    form = page.get_by_role("form", name="Change New switches")
    await expect(form.get_by_label("More about it")).to_have_value("Two\nlines")
    await expect(form).to_contain_text("UTC")
    await gate.check_all_looks()
    await form.get_by_role("button", name="Save the changes").click()
    await expect(form).to_have_count(0)  # nothing was changed, and nothing is said
    await change.click()
    await form.get_by_label("Ends").fill("2998-01-01T07:00")
    await form.get_by_role("button", name="Save the changes").click()
    await expect(page.get_by_role("alert")).to_contain_text("ends_at")
    await form.get_by_label("Ends").fill("2998-01-02T07:00")
    await form.get_by_role("button", name="Save the changes").click()
    await expect(form).to_have_count(0)
    await expect(shown).to_contain_text("until 2998-01-02 07:00 UTC")
    now = client.get(f"{LIST}/{made['id']}").raise_for_status().json()
    ends = "2998-01-02T07:00:00.000Z"
    assert {name: now[name] for name in made if name[:6] != "update"} == {
        **{name: made[name] for name in made if name[:6] != "update"},
        "ends_at": ends,
    }
    assert [
        [(change["field"], change["after"]) for change in update["changes"]]
        for update in now["updates"]
    ] == [[], [("ends_at", ends)]]


async def test_a_system_is_shown_as_an_incident_says(
    gate: Gate, gateway: RunningGateway, client: httpx.Client
) -> None:
    page = gate.page
    system = page.locator("gw-status li", has_text="local")
    told = {"kind": "incident", "severity": "down", "title": "No power"}
    client.post(LIST, json={**told, "systems": ["local"]}).raise_for_status()
    for path in ("status", ""):
        await page.goto(f"{gateway.url}/{path}")
        await expect(system).to_contain_text("Down")
        await expect(system).to_contain_text("No power")
    await gate.check()


async def test_a_refused_announcement_stays_in_the_form_with_the_reason(
    gate: Gate, gateway: RunningGateway
) -> None:
    gate.expected = ("422",)
    page = gate.page
    await page.goto(f"{gateway.url}/status")
    form = await opened_form(page)
    await form.locator("[name=kind]").select_option("outage")
    await form.get_by_label("Title").fill("New switches")
    await form.get_by_role("button", name="Announce it").click()
    await expect(page.get_by_role("alert")).to_contain_text("ends_at")
    await expect(form.get_by_label("Title")).to_have_value("New switches")
    await form.get_by_label("Ends").fill("2999-01-01T12:00")
    await form.get_by_role("button", name="Announce it").click()
    await expect(page.locator("gw-incidents article")).to_contain_text("New switches")
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_visitors_are_offered_no_form(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    gate = await open_page()
    await gate.page.goto(f"{gateway.url}/status")
    await expect(gate.page.get_by_text("Nothing is announced")).to_be_visible()
    await expect(gate.page.locator("gw-incidents form")).to_have_count(0)
    await gate.check_all_looks()
