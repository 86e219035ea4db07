"""The page of projects and what they have used."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect
from tests.browser.canned import Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

TITLE = "<b>Nights</b> of supernovae"


@pytest_asyncio.fixture(loop_scope="session")
async def night(client: httpx.Client) -> AsyncIterator[str]:
    """A project of the demo's user."""
    today = datetime.now(UTC).date()
    body = {
        "title": TITLE,
        "cpu_seconds": 360_000,
        "starts_on": str(today - timedelta(days=30)),
        "ends_on": str(today + timedelta(days=30)),
        "members": ["demo"],
    }
    url = "/api/v1/projects/local/night"

    async def kept() -> int:
        return client.put(url, json=body).status_code

    # It is refused until the gateway has found out who keeps the projects.
    await until(kept, lambda status: status != 409)
    client.get(url).raise_for_status()
    yield "night"
    client.delete(url).raise_for_status()


async def test_projects_show_what_is_left(
    gate: Gate, gateway: RunningGateway, client: httpx.Client, night: str
) -> None:
    spec = {"executable": "/bin/true", "attributes": {"project_name": night}}
    made = client.post("/api/v1/jobs/local", json=spec).raise_for_status().json()
    usage = f"/api/v1/usage?by=person&project={night}"

    async def used() -> list[dict[str, object]]:
        found: list[dict[str, object]] = client.get(usage).json()["usage"]
        return found

    await until(used, bool)
    page = gate.page
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    await page.goto(f"{gateway.url}/usage")
    row = page.locator("gw-usage tr", has_text=night).first
    await expect(row).to_contain_text(TITLE)
    await expect(row).to_contain_text("100 CPU hours")
    left = page.locator("gw-usage [role=status]")
    await expect(left).to_contain_text("of 100 CPU hours left")
    await expect(
        page.get_by_role("img", name="Left, CPU hours, by day")
    ).to_be_visible()
    people = page.locator("gw-usage table", has_text="Person")
    await expect(people.locator("tbody tr")).to_contain_text("demo")
    assert made["id"]
    await page.get_by_role("button", name=night).click()
    await expect(page).to_have_url(f"{gateway.url}/usage/local/{night}")
    await gate.check_all_looks()


async def test_a_person_without_a_project_gets_a_message(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    nothing: dict[str, object] = {"projects": [], "systems": [], "next": None}
    canned.on("GET", "/projects", nothing)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/usage")
    await expect(gate.page.get_by_text("No projects")).to_be_visible()
    await gate.check_all_looks()


async def test_an_accounting_that_does_not_answer_can_be_asked_again(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    canned = Canned()
    canned.on(
        "GET",
        "/projects",
        lambda *_: problem(503, "unavailable", "Unavailable", "Ask again later."),
    )
    gate = await canned_gate(open_page, canned)
    gate.expected = ("503",)
    await gate.page.goto(f"{gateway.url}/usage")
    alert = gate.page.get_by_role("alert")
    await expect(alert).to_contain_text("Ask again later.")
    away = {"system": "local", "as_of": "2026-11-29T08:00:00.000Z", "failure": "Away."}
    canned.on("GET", "/projects", {"projects": [], "systems": [away], "next": None})
    await alert.get_by_role("button", name="Try again").click()
    await expect(gate.page.get_by_text("local, as of")).to_contain_text("Away.")
    await gate.check_all_looks()


HOUR = 3600.0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "4 of 10 CPU hours left. It ends on 2026-11-30."),
        ({"used": 10 * HOUR}, "0 of 10 CPU hours left. It ends on 2026-11-30."),
        ({"used": 12 * HOUR}, "All of 10 CPU hours used, and 2 more."),
        ({"ends_on": "2026-11-03"}, "It ended on 2026-11-03."),
        ({"starts_on": "2026-11-05", "used": 0.0}, "It begins on 2026-11-05."),
    ],
)
async def test_an_allocation_tells_how_it_stands(
    changes: dict[str, object],
    says: str,
    open_page: OpenPage,
    gateway: RunningGateway,
) -> None:
    used = {"cpu_seconds": 6 * HOUR}
    project = {
        "system": "local", "name": "night", "title": "", "members": [],
        "allocation": {"cpu_seconds": 10 * HOUR, "used": used},
    }  # fmt: skip
    burn = {
        "system": "local", "project": "night", "resource": "cpu",
        "granted": 10 * HOUR, "used": 6 * HOUR,
        "starts_on": "2026-11-01", "ends_on": "2026-11-30",
        "history": [{"day": f"2026-11-0{n}", "seconds": HOUR} for n in (2, 3, 4)],
        "forecast": [], "runs_out": None, **changes,
    }  # fmt: skip
    ada = {"person": "ada", "cpu_seconds": HOUR, "gpu_seconds": 0.0, "jobs": 1}
    canned = Canned()
    projects: dict[str, object] = {"projects": [project], "systems": [], "next": None}
    canned.on("GET", "/projects", projects)
    canned.on("GET", "/projects/local/night/burn-down", burn)
    canned.on("GET", "/usage", {"usage": [ada], "next": "more"})
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/usage")
    await expect(gate.page.locator("gw-usage [role=status]")).to_contain_text(says)
    await expect(gate.page.get_by_text("Only the first 100 people")).to_be_visible()
    await gate.check()
