"""The ten DECam frames in the portal: from images to a shared discovery."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import LONGEST, OpenPage
from tests.browser.test_scan import API, PASSWORD, shows
from tests.support.gateway import RunningGateway, command_here, running
from tests.support.needs import shared_data
from tests.support.night import PLACE, night_times

from gatewright.cli.demo import demo_config, prepare
from gatewright.core.config import SurveySource
from gatewright.core.config_text import to_toml

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def telescope(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway with the frames, their times from a table beside them."""
    folder = tmp_path_factory.mktemp("decam")
    state = folder / "state"
    prepare(state)
    config = demo_config(state, 0, None)
    table = folder / "times.csv"
    table.write_text(night_times())
    frames = shared_data("sky", "decam_mini")
    config.surveys[:] = [SurveySource(id="decam", images=f"{frames}/*.f*", times=table)]
    file = state / "gatewright.toml"
    file.write_text(to_toml(config), encoding="utf-8")
    command_here("user", "link", "--state", str(state), "demo")
    with running(["serve", "--config", str(file)], state) as gateway:
        gateway.add_user("eve", PASSWORD)
        yield gateway


@pytest.fixture(scope="module")
def residual(telescope: RunningGateway) -> Iterator[dict[str, Any]]:
    """Subtract the coadds of the two groups; the candidate at the known place."""
    with telescope.client(telescope.token()) as client:
        survey = f"{API}/surveys/decam"
        found(client, lambda: client.get(survey).json(), "scanned_at")
        sides = {}
        for side, day in (("science", "2018-08-10"), ("reference", "2018-08-24")):
            images = {"survey": "decam", "time": day}
            coadd = made(client, "coadds", {"images": images, "method": "clipped"})
            sides[side] = {"coadd": coadd["id"]}
        difference = made(client, "differences", sides)
        asked = {"difference": difference["id"], "pos": PLACE}
        listed = client.get(f"{API}/candidates", params=asked).json()
        (one,) = listed["candidates"]
        yield one


def found(client: httpx.Client, read: Any, name: str) -> None:
    deadline = time.monotonic() + LONGEST / 2
    while read()[name] is None:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def made(client: httpx.Client, kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Ask for a product and return it when it is ready."""
    answer = client.post(f"{API}/{kind}", json=body).raise_for_status().json()
    deadline = time.monotonic() + LONGEST / 2
    while answer["state"] == "working":
        assert time.monotonic() < deadline
        time.sleep(0.2)
        answer = client.get(f"{API}/{kind}/{answer['id']}").json()
    assert answer["state"] == "ready", answer
    found_: dict[str, Any] = answer
    return found_


async def enter(page: Page, gateway: RunningGateway, user: str) -> None:
    """Sign in by a link."""
    link = command_here("user", "link", "--state", str(gateway.state), user).strip()
    await page.goto(f"{gateway.url}/sign-in?{link.partition('?')[2]}")
    await expect(page.locator(".top gw-login .person")).to_contain_text(user)


async def test_two_people_find_the_residual(
    open_page: OpenPage, telescope: RunningGateway, residual: dict[str, Any]
) -> None:
    one, other = await open_page(), await open_page()
    await enter(one.page, telescope, "demo")
    await enter(other.page, telescope, "eve")
    scan = f"{telescope.url}/scan?difference={residual['difference']}"
    for gate in (one, other):
        await gate.page.goto(f"{scan}&candidate={residual['id']}")
        await shows(gate.page, residual["id"])
    facts = one.page.locator("gw-scan .facts")
    await expect(facts).to_contain_text(f"{residual['snr']:.1f} sigma")
    await expect(facts).to_contain_text("assumed")
    curve = one.page.locator("gw-scan gw-light-curve")
    await expect(curve.locator("svg.curve circle")).to_have_count(10)
    await expect(curve).to_contain_text("Times are assumed")
    await other.page.keyboard.press("r")
    status = one.page.locator("gw-scan span[role=status]")
    await expect(status).to_contain_text("eve just voted real")
    await one.page.keyboard.press("r")
    rows = other.page.locator("gw-candidates tr.row")
    await expect(rows.filter(has_text="2 real")).to_have_count(1)
    # What is no star is told with its reason.
    await expect(rows.filter(has_text="dipole").first).to_be_visible()
    await one.page.goto(f"{telescope.url}/objects/{residual['object']}?survey=decam")
    epochs = one.page.locator("gw-object .epochs li")
    await expect(epochs).to_have_count(10)
    await expect(epochs.filter(has_text="assumed")).to_have_count(10)
    await expect(one.page.locator("gw-object svg.curve circle")).to_have_count(10)
    await one.check()
    await other.check()
