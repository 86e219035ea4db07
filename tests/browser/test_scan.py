"""Scanning by keys and by touch, alone and together, on the demo's supernovae."""

import csv
import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
import numpy as np
import pytest
from playwright.async_api import Page, Request, Route, expect
from tests.browser.conftest import LONGEST, OpenPage
from tests.browser.gate import Gate
from tests.browser.waiting import until
from tests.support.gateway import RunningGateway

from gatewright.backends.png import encode_png
from gatewright.domains.sky import animated_png

pytestmark = pytest.mark.asyncio(loop_scope="session")

API = "/api/v1"
PASSWORD = "long enough to scan"
NEAR = 1.0 / 3600
SHOWN = "() => document.querySelector('gw-scan')?.shown?.id ?? ''"


@dataclass
class Found:
    """A difference of the demo's images, with what was found."""

    client: httpx.Client
    path: str
    ids: list[str]

    def votes(self, number: int) -> dict[str, str]:
        """Return who voted what on a candidate."""
        answer = self.client.get(f"{API}/candidates/{self.ids[number]}/votes")
        return {one["person"]: one["vote"] for one in answer.json()["votes"]}


@pytest.fixture(scope="module")
def difference(gateway: RunningGateway) -> Iterator[Found]:
    with gateway.client(gateway.token()) as client:
        name = subtracted(client, (3, 4), (0, 5))
        listed = client.get(f"{API}/candidates", params={"difference": name})
        ids = [one["id"] for one in listed.json()["candidates"]]
        yield Found(client, f"/scan?difference={name}", ids)


def subtracted(
    client: httpx.Client, science: tuple[int, ...], reference: tuple[int, ...] | None
) -> str:
    """Subtract nights from others, and return the name of the difference.

    Without nights for it, the gateway chooses the reference.
    """
    body: dict[str, Any] = {
        side: [f"simulated-sky~sim-{night:02}-r~0" for night in chosen]
        if chosen
        else "auto"
        for side, chosen in (("science", science), ("reference", reference))
    }
    deadline = time.monotonic() + LONGEST / 2
    # The gateway may still be reading the images of its survey.
    while (answer := client.post(f"{API}/differences", json=body)).status_code == 404:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    made = answer.raise_for_status().json()
    while made["state"] == "working":
        assert time.monotonic() < deadline
        time.sleep(0.2)
        made = client.get(f"{API}/differences/{made['id']}").json()
    assert made["state"] == "ready", made
    return str(made["id"])


@pytest.fixture
def found(difference: Found) -> Iterator[Found]:
    """The difference, without a vote or claim of before."""
    yield difference
    for name in difference.ids:
        difference.client.delete(f"{API}/candidates/{name}/votes")
    difference.client.delete(f"{API}/candidates/claims")


async def shows(page: Page, name: str) -> None:
    """Wait until a candidate is shown with its three pictures."""
    await until(lambda: page.evaluate(SHOWN), lambda shown: shown == name)
    pictures = page.locator("gw-scan .sight img")
    await expect(pictures).to_have_count(3)
    whole = "(images) => images.every((one) => one.complete && one.naturalWidth > 20)"
    await until(lambda: pictures.evaluate_all(whole), bool)


async def test_a_person_finds_the_three_supernovae_by_keys(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page = gate.page
    await page.goto(gateway.url + found.path)
    for name in found.ids:
        await shows(page, name)
        await page.keyboard.press("r")
    await expect(page.locator("gw-scan .state")).to_contain_text("Nothing left to scan")
    for number in range(3):
        await until(_votes(found, number), lambda votes: votes == {"demo": "real"})
    table = next(gateway.state.rglob("transients.csv"))
    with table.open(encoding="ascii") as file:
        truth = list(csv.DictReader(file))
    places = [found.client.get(f"{API}/candidates/{one}").json() for one in found.ids]
    assert len(truth) == len(places) == 3
    for supernova in truth:
        ra, dec = float(supernova["ra"]), float(supernova["dec"])
        squeeze = math.cos(math.radians(dec))
        away = [math.hypot((p["ra"] - ra) * squeeze, p["dec"] - dec) for p in places]
        assert min(away) < NEAR, supernova["name"]
    # The last vote is undone, and its candidate is there again.
    await page.keyboard.press("z")
    await shows(page, found.ids[2])
    await until(_votes(found, 2), lambda votes: not votes)
    await page.keyboard.press("u")
    await until(_votes(found, 2), lambda votes: votes == {"demo": "unsure"})
    await gate.check()


def _votes(found: Found, number: int) -> Any:
    async def read() -> dict[str, str]:
        return found.votes(number)

    return read


async def test_the_next_one_is_there_before_it_is_asked_for(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page = gate.page
    stamps: list[str] = []

    def note(request: Request) -> None:
        if "/stamp?" in request.url and "radius=0.003" in request.url:
            stamps.append(request.url)

    def asked(name: str) -> list[str]:
        # The list below the pictures has the difference alone, and asks for it too.
        return [url for url in stamps if name in url and "plane=science" in url]

    page.on("requestfinished", note)
    await page.goto(gateway.url + found.path)
    await shows(page, found.ids[0])

    async def ahead() -> list[str]:
        return asked(found.ids[1])

    await until(ahead, bool)
    await page.keyboard.press("s")
    await shows(page, found.ids[1])
    assert len(asked(found.ids[1])) == 1
    assert found.votes(0) == {}
    await gate.check()


async def test_keys_blink_and_comment_and_go_on(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page = gate.page
    await page.goto(gateway.url + found.path)
    await shows(page, found.ids[0])
    sign = page.locator("gw-scan .sight .sign")
    await page.keyboard.down("x")
    await expect(sign).to_have_text("reference")
    await page.keyboard.up("x")
    await expect(sign).to_have_count(0)
    await page.keyboard.press("c")
    await page.keyboard.type("real or bogus? On the edge of its galaxy.")
    await page.keyboard.press("Enter")
    comments = page.locator("gw-scan li p.words")
    await expect(comments).to_have_text("real or bogus? On the edge of its galaxy.")
    assert found.votes(0) == {}
    await page.locator("gw-scan li").get_by_role("button", name="Remove").click()
    await expect(comments).to_have_count(0)
    await expect(page.locator("gw-scan gw-light-curve circle").first).to_be_visible()
    await page.locator("gw-scan summary", has_text="Features").click()
    likeness = page.locator("gw-scan .features div", has_text="Likeness to a star")
    detail = found.client.get(f"{API}/candidates/{found.ids[0]}").json()
    told = float(await likeness.locator("dd").inner_text())
    assert told == pytest.approx(detail["features"]["likeness"], rel=1e-3)
    await page.keyboard.press("b")
    await shows(page, found.ids[1])
    await until(_votes(found, 0), lambda votes: votes == {"demo": "bogus"})
    await gate.check()


async def test_by_touch_on_a_telephone(
    open_page: OpenPage, signed_in: Any, gateway: RunningGateway, found: Found
) -> None:
    gate = await open_page(
        storage_state=signed_in,
        viewport={"width": 360, "height": 740},
        has_touch=True,
        is_mobile=True,
    )
    page = gate.page
    await page.goto(gateway.url + found.path)
    await shows(page, found.ids[0])
    scan = page.locator("gw-scan")
    await scan.get_by_role("button", name="Real").tap()
    await shows(page, found.ids[1])
    await scan.get_by_role("button", name="Bogus").tap()
    await shows(page, found.ids[2])
    await scan.get_by_role("button", name="Undo").tap()
    await shows(page, found.ids[1])
    await until(_votes(found, 0), lambda votes: votes == {"demo": "real"})
    await until(_votes(found, 1), lambda votes: not votes)
    assert (found.votes(0), found.votes(1)) == ({"demo": "real"}, {})
    await gate.check()


async def test_two_people_scan_together(
    gate: Gate, open_page: OpenPage, gateway: RunningGateway, found: Found
) -> None:
    page = gate.page
    await page.goto(gateway.url + found.path)
    await shows(page, found.ids[0])
    gateway.add_user("eve", PASSWORD)
    other = await open_page()
    person = {"user": "eve", "password": PASSWORD}
    fields = {"X-Requested-With": "gatewright"}
    answer = await other.page.request.post(
        f"{gateway.url}{API}/session", data=person, headers=fields
    )
    assert answer.ok, await answer.text()
    await other.page.goto(gateway.url + found.path)
    # What one looks at, the other is not given ...
    state = other.page.locator("gw-scan .state")
    await expect(state).to_contain_text("somebody else looks at it")
    # ... unless she asks for it; and what she says is seen at once.
    await other.page.locator("gw-candidates button[data-row]").first.click()
    await shows(other.page, found.ids[0])
    await other.page.keyboard.press("u")
    status = page.locator("gw-scan span[role=status]")
    await expect(status).to_contain_text("eve just voted unsure")
    await expect(page.locator("gw-scan .facts")).to_contain_text("1 unsure")
    rows = page.locator("gw-candidates tr.row")
    await expect(rows.first).to_contain_text("1 unsure")
    # Whoever leaves lets others have the rest.
    await page.locator("nav").get_by_role("link", name="Account").click()
    await expect(page.locator("gw-tokens")).to_be_visible()

    async def free() -> str:
        await other.page.goto(gateway.url + found.path)
        scan = other.page.locator("gw-scan .votes")
        await expect(scan).to_be_visible()
        shown: str = await other.page.evaluate(SHOWN)
        return shown

    await until(free, lambda shown: shown == found.ids[1])
    await other.page.locator("gw-candidates button[data-row]").first.click()
    await shows(other.page, found.ids[0])
    with gateway.client(gateway.token(user="eve")) as eve:
        eve.delete(f"{API}/candidates/{found.ids[0]}/votes").raise_for_status()
        eve.delete(f"{API}/candidates/claims").raise_for_status()
    await gate.check()
    await other.check()


async def test_an_object_has_all_epochs_and_is_split_and_whole_again(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page, client = gate.page, found.client
    subtracted(client, (4,), (0, 5))
    name = client.get(f"{API}/candidates/{found.ids[0]}").json()["object"]
    members = client.get(f"{API}/objects/{name}").json()["candidates"]
    assert len(members) >= 2  # and those of differences that other tests have made
    await page.goto(f"{gateway.url}/objects/{name}?survey=simulated-sky")
    whole = "(all) => all.map((one) => [one.naturalWidth, one.naturalHeight])"
    stamps = page.locator("gw-object .epochs img")
    await expect(stamps).to_have_count(18)
    sizes = await until(
        lambda: stamps.evaluate_all(whole), lambda all_: all(map(any, all_))
    )
    assert sizes == [[41, 41]] * 18
    button = page.get_by_role("button", name="Blink through all")
    await button.click()
    film = page.locator("gw-object img.film")
    await until(lambda: film.evaluate_all(whole), lambda all_: all_ == [[83, 83]])
    await button.click()
    await expect(film).to_have_count(0)
    await expect(page.locator("gw-object gw-light-curve circle").first).to_be_visible()
    await gate.check_all_looks()
    rows = page.locator("gw-object ul.candidates li")
    await rows.first.get_by_role("checkbox").check()
    await page.get_by_role("button", name="Split off those ticked").click()
    await expect(rows).to_have_count(len(members) - 1)
    changes = page.locator("gw-object ul.changes li")
    await expect(changes).to_contain_text("demo split 1 candidate off")
    moved = client.get(f"{API}/candidates/{members[0]['id']}").json()["object"]
    assert moved != name
    await changes.get_by_role("button", name="Undo").click()
    await expect(rows).to_have_count(len(members))
    await expect(changes).to_contain_text("undone by demo")
    await gate.check()


async def test_the_version_of_the_reference_is_among_the_facts(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page, client = gate.page, found.client
    name = subtracted(client, (4,), None)
    listed = client.get(f"{API}/candidates", params={"difference": name}).json()
    objects = [
        client.get(f"{API}/candidates/{one}").json()["object"] for one in found.ids
    ]
    one = next(one for one in listed["candidates"] if one["object"] in objects)
    assert one["reference"]
    await page.goto(f"{gateway.url}/scan?difference={name}&candidate={one['id']}")
    await shows(page, one["id"])
    row = page.locator("gw-scan .facts > div").filter(
        has=page.locator("dt", has_text="Reference")
    )
    await expect(row.locator("dd")).to_have_text(one["reference"])
    # Nights that a person chose are no version; what was found by one is told apart.
    same = found.ids[objects.index(one["object"])]
    await page.goto(f"{gateway.url}{found.path}&candidate={same}")
    await shows(page, same)
    await expect(row).to_have_count(0)
    past = page.locator("gw-scan li").filter(has_text="by another reference")
    # Other tests may have subtracted other references before.
    mine = past.filter(has_text=f" {one['snr']:.1f} sigma")
    await expect(mine.first).to_be_visible()
    await gate.check()


async def test_epochs_that_cannot_be_shown_are_named_with_the_reason(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    page = gate.page
    why = "The file of this image is gone."
    left_out = [
        {"image": "x", "band": "r", "time": "2021-03-11T05:00:00", "reason": why}
    ]
    black = encode_png(np.zeros((83, 83), np.uint8))
    film = animated_png([black, black], 0.5, {"Left out": json.dumps(left_out)})
    problem = {"type": "about:blank", "title": "Gone", "status": 404, "detail": why}
    answers: dict[str, dict[str, Any]] = {
        "**/api/v1/cutouts?*": {"body": film, "content_type": "image/apng"},
        "**/api/v1/images/*sim-03-r*/cutout?*": {"status": 404, "json": problem},
    }
    for url, answer in answers.items():
        await page.route(url, partial(_fulfil, answer))
    name = found.client.get(f"{API}/candidates/{found.ids[0]}").json()["object"]
    await page.goto(f"{gateway.url}/objects/{name}?survey=simulated-sky")
    epochs = page.locator("gw-object .epochs li")
    await expect(epochs.filter(has_text=f"Not shown: {why}")).to_have_count(1)
    button = page.get_by_role("button", name="Blink through all")
    words = f"1 image not shown. 2021-03-11 r: {why}"
    await button.click()
    await expect(page.locator("gw-object [part=missing]")).to_have_text(words)
    await button.click()
    await expect(page.locator("gw-object [part=missing]")).to_have_count(0)
    await page.goto(f"{gateway.url}/sky/simulated-sky")
    status = page.locator("gw-sky .which")
    await button.click()
    await expect(status).to_contain_text(words)
    await button.click()
    await expect(status).not_to_contain_text(words)


async def _fulfil(answer: dict[str, Any], route: Route) -> None:
    await route.fulfill(**answer)


async def test_the_page_is_well_in_every_look(
    gate: Gate, gateway: RunningGateway, found: Found
) -> None:
    await gate.page.goto(gateway.url + found.path)
    await shows(gate.page, found.ids[0])
    await expect(gate.page.locator("gw-light-curve circle").first).to_be_visible()
    await gate.check_all_looks()
