"""Filters of candidates: chosen, written, saved and refused, with empty pages."""

from typing import Any

import pytest
from playwright.async_api import Request, expect
from tests.browser.canned import Answer, Canned, canned_gate, problem
from tests.browser.conftest import OpenPage
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

WRONG = "At character 1 of the condition: There is no column “scor”. " * 8


def candidate(number: int) -> dict[str, Any]:
    return {
        "id": f"d-1.{number}", "ra": 10.0, "dec": 20.0, "snr": 30.0 - number,
        "score": None, "classifier": None, "reason": None, "object": "o-1",
        "votes": {"real": 0, "bogus": 0, "unsure": 0}, "mine": None,
        "difference": "d-1", "surveys": ["night"], "mjd": None, "time": None,
        "time_assumed": False, "band": "r", "flux": 1.0, "flux_error": 0.1,
        "x": 1.0, "y": 1.0, "features": {}, "history": [], "comments": [],
    }  # fmt: skip


def saved(name: str, where: str = "snr > 8") -> dict[str, Any]:
    return {
        "name": name, "where": where, "description": "<b>Bright</b> " * 30,
        "owner": "eve", "access": "users", "changed_by": "eve",
        "changed_at": "2026-11-22T14:00:00.000Z",
    }  # fmt: skip


class Sky(Canned):
    """A gateway whose filters leave nothing on the first pages."""

    def __init__(self) -> None:
        super().__init__()
        self.listed: list[dict[str, str]] = []
        self.claimed: list[dict[str, Any]] = []
        self.filters = [saved("bright"), saved("n" * 64)]
        self.on("GET", "/candidates", self._candidates)
        self.on("POST", "/candidates/claims", self._claim)
        self.on("DELETE", "/candidates/claims", {})
        picture = {"Content-Type": "image/png"}
        self.on("GET", "/candidates/[^/]+/stamp", b"", picture)
        self.on("GET", "/objects/o-1/lightcurve", {"points": [], "calibrations": {}})
        self.on("GET", "/filters", self._filters)
        self.on("PUT", "/filters/mine", self._save)

    def _candidates(self, _: Request, query: dict[str, str]) -> Answer:
        self.listed.append(query)
        if "scor " in query.get("where", ""):
            return problem(422, "invalid-content", "Invalid content", WRONG)
        looked = int(query.get("cursor", "0"))
        if query.get("filter") and looked < 3:
            return 200, {"candidates": [], "next": str(looked + 1)}
        some = [] if query.get("where") else [candidate(1), candidate(2)]
        return 200, {"candidates": some, "next": None}

    def _claim(self, request: Request, _: dict[str, str]) -> Answer:
        asked = dict(request.post_data_json or {})
        self.claimed.append(asked)
        if asked.get("filter") and not asked.get("cursor"):
            return 200, {"candidates": [], "seconds": 300, "next": "further"}
        found = [candidate(1)] if asked.get("filter") else []
        return 200, {"candidates": found, "seconds": 300, "next": None}

    def _filters(self, *_: object) -> Answer:
        return 200, {"filters": self.filters, "next": None}

    def _save(self, request: Request, _: dict[str, str]) -> Answer:
        self.filters.append(saved("mine", (request.post_data_json or {})["where"]))
        return 201, self.filters[-1]


async def test_a_filter_is_chosen_for_the_list_and_the_scan(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    sky = Sky()
    gate = await canned_gate(open_page, sky)
    page = gate.page
    await page.goto(f"{gateway.url}/scan")
    rows = page.locator("gw-candidates tr.row")
    await expect(rows).to_have_count(2)
    await gate.check_all_looks()
    # Whoever scans chooses a filter; the list beside follows, and both look further.
    await page.locator("gw-scan select[name=filter]").select_option("bright")
    await until(
        lambda: page.evaluate("document.querySelector('gw-scan').shown?.id ?? ''"),
        lambda shown: shown == "d-1.1",
    )
    assert sky.claimed[-1]["cursor"] == "further"
    assert "filter=bright" in page.url
    await expect(rows).to_have_count(2)
    assert sky.listed[-1] == {"filter": "bright", "limit": "25", "cursor": "3"}
    await expect(page.locator("gw-candidates select")).to_have_value("bright")
    # A letter that is typed into the list of filters is no vote.
    await page.locator("gw-scan select[name=filter]").focus()
    await page.keyboard.press("u")
    await expect(page.locator("gw-scan span[role=status]")).to_have_text("")


async def test_a_condition_is_written_refused_and_saved(
    open_page: OpenPage, gateway: RunningGateway
) -> None:
    sky = Sky()
    gate = await canned_gate(open_page, sky)
    gate.expected = ("422",)
    page = gate.page
    await page.goto(f"{gateway.url}/scan?filter=bright")
    rows = page.locator("gw-candidates tr.row")
    await expect(rows).to_have_count(2)
    # A condition that is wrong says so, and stands there to be mended.
    condition = page.locator("gw-candidates input[name=where]")
    await condition.fill("scor > 0.5")
    await condition.press("Enter")
    await expect(page.locator("gw-candidates [role=alert]")).to_contain_text("scor")
    await expect(rows).to_have_count(0)
    await expect(condition).to_have_value("scor > 0.5")
    await gate.check_all_looks()
    await page.locator("gw-candidates select").select_option("")
    await condition.fill("score > 0.5")
    await page.locator("gw-candidates").get_by_role("button", name="Show").click()
    empty = page.locator("gw-candidates .state")
    await expect(empty).to_contain_text("No candidate fulfils this")
    await gate.check_all_looks()
    # It is saved under a name, and chosen.
    await page.locator("gw-candidates input[name=name]").fill("mine")
    await page.locator("gw-candidates").get_by_role("button", name="Save").click()
    await expect(page.locator("gw-candidates select")).to_have_value("mine")
    await expect(condition).to_have_value("")
    assert sky.filters[-1]["where"] == "score > 0.5"
    await expect(rows).to_have_count(2)
