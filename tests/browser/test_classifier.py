"""A classifier trained by a button: its report, and its scores in an open scan."""

import re

import httpx
import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.canned import Canned, canned_gate
from tests.browser.conftest import OpenPage
from tests.browser.gate import Gate
from tests.browser.test_scan import API, shows, subtracted
from tests.support.gateway import RunningGateway

pytestmark = pytest.mark.asyncio(loop_scope="session")

TRAINING_MS = 900_000


async def test_a_button_trains_a_classifier_which_is_reported_and_scores(
    gate: Gate,
    open_page: OpenPage,
    signed_in: object,
    client: httpx.Client,
    gateway: RunningGateway,
) -> None:
    scan = await open_page(storage_state=signed_in)
    ids = await _scan_without_scores(scan.page, client, gateway)
    page = gate.page
    await page.goto(gateway.url + "/classifiers/simulated-sky")
    element = page.locator("gw-classifier")
    await expect(element).to_contain_text("No classifier yet")
    again = element.get_by_role("button", name="Train again with votes")
    await expect(again).to_be_disabled()
    await element.get_by_role("button", name="Train by injected stars").click()
    await expect(element.get_by_role("progressbar")).to_be_visible()
    await expect(element.locator("tbody tr")).to_contain_text(
        "in use", timeout=TRAINING_MS
    )
    await element.get_by_role("button", name="Report").click()
    report = element.locator("[part=report]")
    await expect(report).to_contain_text("Missed at 1 % false positives")
    await expect(report).to_contain_text("injected; none is a candidate")
    listed = client.get(f"{API}/classifiers", params={"survey": "simulated-sky"}).json()
    told = client.get(listed["classifiers"][0]["links"]["report"]).json()["recovery"]
    half, ends = told["half_magnitude"], told["half_magnitude_bounds"]
    depth = report.locator("dd").filter(has_text="half of the injected sources")
    words = await depth.inner_text()
    assert ends["low"] < half < ends["high"]
    found = re.search(r"found at (\S+) mag \((\S+) to (\S+), 95 % interval\)", words)
    assert found, words
    shown = [float(text) for text in found.groups()]
    assert shown == pytest.approx([half, ends["low"], ends["high"]], abs=0.051)
    assert told["zero_point"] in words
    await expect(again).to_be_enabled()
    await gate.check_all_looks()
    await _shows_scores(scan.page, client, ids)
    await scan.check()


@pytest.mark.parametrize(
    ("recovery", "words"),
    [
        (
            {
                "half_magnitude": 21.42,
                "half_magnitude_bounds": {"low": 21.2, "high": 21.6},
            },
            "injected sources found at 21.4 mag (21.2 to 21.6, 95 % interval)",
        ),
        (
            {"half_magnitude": 21.42, "half_magnitude_bounds": None},
            "found at 21.4 mag (its 95 % interval is not known)",
        ),
        # A report of before the interval was measured.
        ({"half_magnitude": 21.42}, "(its 95 % interval is not known)"),
        (
            {"half_magnitude": None, "half_magnitude_bounds": None},
            "all of the injected sources were found, or none",
        ),
        ({"half_magnitude": None, "injected": 0}, "no source was injected"),
    ],
)
async def test_a_depth_that_is_not_known_is_told(
    open_page: OpenPage,
    gateway: RunningGateway,
    recovery: dict[str, object],
    words: str,
) -> None:
    canned = Canned()
    version = {
        "id": "k-1", "survey": "night", "version": 1, "method": "injection",
        "state": "ready", "active": True, "rescoring": None, "owner": "demo",
        "created_at": "2026-11-22T14:00:00.000Z", "done": 4, "total": 4,
        "labels": {"injected": 40}, "missed": 0.1, "reason": None, "links": {},
    }  # fmt: skip
    share = {"value": 0.1, "low": 0.0, "high": 0.2}
    report = {
        "data": "Two pairs", "missed": share, "calibration": [],
        "rules": {"missed": share, "false_positives": share},
        "photometry": {"alone": {"mean": None}},
        "beside": [{"missed": 0.077}, {"missed": 0.017}],
        "recovery": {"injected": 40, "zero_point": "25", "by_magnitude": []} | recovery,
    }  # fmt: skip
    canned.on("GET", "/classifiers", {"classifiers": [version], "next": None})
    canned.on("GET", "/classifiers/k-1/report", report)
    gate = await canned_gate(open_page, canned)
    await gate.page.goto(f"{gateway.url}/classifiers/night")
    await gate.page.get_by_role("button", name="Report").click()
    await expect(gate.page.locator("gw-classifier [part=report]")).to_contain_text(
        words
    )
    await gate.check()


async def _scan_without_scores(
    page: Page, client: httpx.Client, gateway: RunningGateway
) -> list[str]:
    """Open the scan of a difference; return its candidates, all claimed by now."""
    name = subtracted(client, (3, 4), (0, 5))
    async with page.expect_response("**/candidates/claims") as answer:
        await page.goto(f"{gateway.url}/scan?difference={name}")
    claimed = (await (await answer.value).json())["candidates"]
    assert [one["score"] for one in claimed] == [None] * 3
    ids = [str(one["id"]) for one in claimed]
    await shows(page, ids[0])
    await page.keyboard.press("u")
    await shows(page, ids[1])
    await expect(score(page)).to_have_text("not judged")
    return ids


async def _shows_scores(page: Page, client: httpx.Client, ids: list[str]) -> None:
    """Each has its score: the one that is shown, one voted on before, and the next."""
    for key, name in (("", ids[1]), ("z", ids[0]), ("s", ids[1]), ("s", ids[2])):
        if key:
            await page.keyboard.press(key)
        await shows(page, name)
        await expect(score(page)).not_to_have_text("not judged")
        now = client.get(f"{API}/candidates/{name}").json()
        await expect(score(page)).to_have_text(f"{now['score']:.3f}")
    client.delete(f"{API}/candidates/claims").raise_for_status()


def score(page: Page) -> Locator:
    """Return the score of the candidate that a scan shows."""
    row = page.locator("gw-scan .facts > div", has_text="Score")
    return row.locator("dd")
